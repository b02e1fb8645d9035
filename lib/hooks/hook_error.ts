/**
 * What goes wrong with hooks.
 *
 * @module
 */

/** What kind of failure it was. */
export type HookErrorCode =
  /** A hook threw, rejected, or answered a verdict that does not exist. */
  | "hook_error"
  /** A hook's promise did not settle in time. */
  | "hook_timeout"
  /** A webhook or a program was not even tried: too many are waiting. */
  | "hook_queue_full"
  /** A webhook was given up. */
  | "webhook_failed"
  /** A program could not be run, ended with another code than 0, or took too long. */
  | "exec_failed";

/** A hook that failed while the service runs; `code` says how, `cause` is what it threw. */
export class HookError extends Error {
  /** The class. */
  override readonly name = "HookError";
  /** What programs compare, and what it is counted under. */
  readonly code: HookErrorCode;
  /** Which hook it was. */
  readonly hook: string;

  /** Makes an error of a hook. */
  constructor(code: HookErrorCode, message: string, options: { hook: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hook = options.hook;
  }
}

/** A hook or a rule that cannot be: found when it is defined or loaded. `code` is `bad_hook`. */
export class HookDefinitionError extends TypeError {
  /** The class. */
  override readonly name = "HookDefinitionError";
  /** What programs compare. */
  readonly code = "bad_hook";
}
