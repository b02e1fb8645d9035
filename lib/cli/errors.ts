/**
 * Errors that end a command with a message and an exit code, without a stack.
 *
 * @module
 */

import { EXIT, type ExitCode } from "./exit_codes.ts";

/** A command that cannot do its work; `code` is `command_failed`. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "command_failed";
  readonly exitCode: ExitCode;

  constructor(message: string, options: ErrorOptions & { exitCode?: ExitCode } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

/** A command line that makes no sense; `code` is `usage`. */
export class UsageError extends TypeError {
  override readonly name = "UsageError";
  readonly code = "usage";
}
