/**
 * What goes wrong with hooks.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import type { Direction } from "./verdict.ts";

/** The most of a command's name that is shown. */
const MAX_NAME = 200;

/** What kind of failure it was. */
export type HookErrorCode =
  /** A hook threw, rejected, or answered a verdict that does not exist. */
  | "hook_error"
  /** A hook's promise did not settle in time. */
  | "hook_timeout"
  /** A webhook or a program was not tried: too many are waiting. */
  | "hook_queue_full"
  /** A webhook was not accepted, after all retries. */
  | "webhook_failed"
  /** A program could not be run, ended with another code than 0, or took too long. */
  | "exec_failed";

/** What of an error of a hook is known. */
export interface HookErrorOptions {
  /** Which hook it was, as `check` names it. */
  hook: string;
  /** The message that it was run for, by {@linkcode describeMessage}. */
  at?: string;
  /** What it threw. */
  cause?: unknown;
}

/** A hook that failed while the service runs; `code` says how, `cause` is what it threw. */
export class HookError extends Error {
  /** The class. */
  override readonly name = "HookError";
  /** What programs compare, and what it is counted under. */
  readonly code: HookErrorCode;
  /** Which hook it was. */
  readonly hook: string;
  /** The message that it was run for, in words: `command MAIL`; undefined if that is not known. */
  readonly at: string | undefined;

  /** Makes an error of a hook. */
  constructor(code: HookErrorCode, message: string, options: HookErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hook = options.hook;
    this.at = options.at;
  }
}

freezeClass(HookError);

/** Says for people which message a hook was run for: `command MAIL`, `reply 250`. */
export function describeMessage({ command, direction }: { command: string; direction: Direction }): string {
  const what = direction === "in" ? "command" : "reply";
  return command === "" ? `${what} without a name` : `${what} ${command.slice(0, MAX_NAME)}`;
}

/**
 * Makes something of a part of the configuration, and says where it stands if that fails.
 *
 * @throws {HookDefinitionError} What `make` threw, with the place.
 */
export function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new HookDefinitionError(`${place}: ${(cause as Error).message}`, { cause });
  }
}

/** A hook or a rule that cannot be: found when it is defined or loaded. `code` is `bad_hook`. */
export class HookDefinitionError extends TypeError {
  /** The class. */
  override readonly name = "HookDefinitionError";
  /** What programs compare. */
  readonly code = "bad_hook";
}
