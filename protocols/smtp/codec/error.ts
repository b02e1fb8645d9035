/**
 * What is wrong with bytes or messages of SMTP.
 *
 * @module
 */

/** Why bytes are refused. */
export type SmtpErrorCode =
  /** A line feed without a carriage return before it. */
  | "bare_lf"
  /** A carriage return without a line feed behind it. */
  | "bare_cr"
  /** A line or a reply that is longer than the limit. */
  | "frame_too_large"
  /** Not a command, a reply or content. */
  | "bad_syntax"
  /** A command or a reply at a time when none may come. */
  | "out_of_turn";

/** Bytes that are not SMTP, or a message that SMTP cannot express; `code` says why. */
export class SmtpError extends SyntaxError {
  /** The class's own name. */
  override readonly name = "SmtpError";
  /** What programs compare. */
  readonly code: SmtpErrorCode;

  /** Makes the error. */
  constructor(code: SmtpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
