/**
 * What is wrong with bytes, messages or notations.
 *
 * @module
 */

/** Bytes that are no RESP, a message that RESP cannot write, or a notation that is neither; `code` is `bad_resp`. */
export class RespError extends SyntaxError {
  /** The class's own name. */
  override readonly name = "RespError";
  /** What programs compare. */
  readonly code = "bad_resp";
}
