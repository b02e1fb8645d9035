/**
 * The exit codes of the program. There are no others.
 *
 * @module
 */

/** The exit codes, by what happened. */
export const EXIT = {
  /** Success; a server was stopped and has drained. */
  ok: 0,
  /** Failure: problems were found, a check failed, or the server refused a request. */
  failed: 1,
  /** Wrong usage: an unknown command or flag, a missing argument. Nothing was done. */
  usage: 2,
  /** The server could not start: its configuration, a module, an address in use, a permission. */
  cannotStart: 3,
  /** No server listens at the control socket. */
  noServer: 4,
  /** The control socket belongs to another user. */
  denied: 5,
  /** A second SIGINT (or Ctrl-C) cut the drain short: 128 + 2. */
  interrupted: 130,
  /** A second SIGQUIT cut the drain short: 128 + 3. */
  quit: 131,
  /** A second SIGTERM cut the drain short: 128 + 15. */
  terminated: 143,
} as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];
