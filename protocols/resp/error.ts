/**
 * The error of malformed bytes, messages and notations.
 *
 * @module
 */

/** What is known of an error beside its message. */
export interface RespErrorOptions extends ErrorOptions {
  /** What redis calls the fault when a client makes it: `invalid bulk length`. */
  protocolError?: string;
}

/** Bytes that are not RESP, a message that RESP cannot write, or a notation that cannot be read; `code` is `bad_resp`. */
export class RespError extends SyntaxError {
  /** The class's own name. */
  override readonly name = "RespError";
  /** What programs compare. */
  readonly code = "bad_resp";
  /** What redis calls the fault when a client makes it; undefined if redis does not call it a fault. */
  readonly protocolError: string | undefined;

  /** Makes the error. */
  constructor(message: string, options: RespErrorOptions = {}) {
    super(message, options);
    this.protocolError = options.protocolError;
  }
}

/** The error of bytes that are not RESP. */
export function badBytes(what: string, protocolError?: string): RespError {
  return new RespError(`Cannot read RESP: ${what}`, { protocolError });
}

/** How much of a value is shown. */
const MAX_SHOWN = 80;

/** Describes a value for an error message: `"x"`, `5`, `an array`, `an object with the keys reply, code`. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value);
  }
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return String(value);
  const keys = Object.keys(value).join(", ");
  return `an object with ${keys === "" ? "no keys" : `the keys ${keys.slice(0, MAX_SHOWN)}`}`;
}
