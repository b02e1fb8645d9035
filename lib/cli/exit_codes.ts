/**
 * What the program's exit codes mean. Nothing else ends it.
 *
 * @module
 */

/** The exit codes, by what happened. */
export const EXIT = {
  /** All went well; a server was stopped and has drained. */
  ok: 0,
  /** The work failed: problems found, a check that does not hold, a request that the server refused. */
  failed: 1,
  /** Wrong usage: an unknown command or flag, a missing argument. Nothing was done. */
  usage: 2,
  /** The server could not start: its configuration, a module, an address in use, a permission. */
  cannotStart: 3,
  /** No server listens at the control socket. */
  noServer: 4,
  /** A second SIGINT (or Ctrl-C) cut the drain short: 128 + 2. */
  interrupted: 130,
  /** A second SIGTERM cut the drain short: 128 + 15. */
  terminated: 143,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];
