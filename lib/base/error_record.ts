/**
 * Errors as JSON values: a custom error loses its `name` and `code` on the way between isolates.
 *
 * @module
 */

/** An error as it travels between isolates and over the control socket. */
export interface ErrorRecord {
  /** The name of the error's class. */
  name: string;
  /** What programs compare; `error` if the error has none. */
  code: string;
  /** What happened. */
  message: string;
  /** Where it was thrown. */
  stack?: string;
}

/** The thrown value as an error that can be read. Anything can be thrown, also what throws when it is read. */
export function toError(thrown: unknown): Error {
  try {
    if (!(thrown instanceof Error)) return new Error(bounded(thrown));
    const { name, message, stack: _, code: __ } = thrown as Error & { code?: unknown };
    if (typeof name === "string" && typeof message === "string") return thrown;
  } catch { /* A getter or a trap has thrown. */ }
  return new Error("an error was thrown that cannot be read");
}

/** Makes a record of a thrown value. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", code: "error", message: bounded(error) };
  return {
    name: bounded(error.name),
    code: bounded(errorCode(error)),
    message: bounded(error.message),
    ...(error.stack === undefined ? {} : { stack: bounded(error.stack) }),
  };
}

/** The most of each text that is kept, in UTF-16 units. */
const MAX_TEXT = 16_384;

/** Whatever was thrown, or set as a field of what was, as text. */
function bounded(value: unknown): string {
  let text;
  try {
    text = String(value);
  } catch {
    text = `a value of type ${typeof value} that is not to be shown`;
  }
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
}

/** Whether a value has the shape of an {@linkcode ErrorRecord}. */
export function isErrorRecord(value: unknown): value is ErrorRecord {
  if (typeof value !== "object" || value === null) return false;
  const { name, code, message } = value as Partial<Record<keyof ErrorRecord, unknown>>;
  return typeof name === "string" && typeof code === "string" && typeof message === "string";
}

/** The `code` of an error, or the one that fits its class. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && code !== "") {
    return code.startsWith("E") ? SYSTEM_CODES[code] ?? code : code;
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return "connection_reset";
  }
  return "error";
}

const SYSTEM_CODES: Record<string, string> = {
  ECONNRESET: "connection_reset",
  EPIPE: "connection_reset",
  ECONNABORTED: "connection_reset",
};
