/**
 * JSON Lines: one JSON value (RFC 8259) a line.
 *
 *     +------------+------------+
 *     | JSON value | \n or \r\n |
 *     +------------+------------+
 *
 * JSON writes a line break inside a string as an escape, so that the first \n is always the end. Blank lines are
 * skipped, and so is a byte order mark before a value (RFC 8259, section 8.1). A last value that lacks its \n at the end of the stream is a message too. A message's command is its
 * `type`, `cmd` or `method`.
 *
 * @module
 */

import { line, type Protocol, type Skip, skip, text } from "@protohost/protohost";

/** A line that is not JSON, or a message that JSON cannot write; `code` is `bad_json`. */
export class JsonLineError extends SyntaxError {
  /** The class's own name. */
  override readonly name = "JsonLineError";
  /** What programs compare. */
  readonly code = "bad_json";
}

const lines = line();
const BYTE_ORDER_MARK = "\ufeff";

/** JSON Lines. A message is any value that JSON can write. */
const jsonnl: Protocol<unknown> = {
  name: "jsonnl",
  input: lines,
  decode: lines.decoder(read),
  encode(message) {
    const json = JSON.stringify(message);
    if (json === undefined) {
      throw new JsonLineError(`Cannot write a message of type ${typeof message} as JSON`);
    }
    return json + "\n";
  },
  command(message) {
    const { type, cmd, method } = Object(message);
    const name = type ?? cmd ?? method;
    return typeof name === "string" ? name : "";
  },
  parse,
  end: (rest) => read(text(rest)),
};

function read(json: string): unknown | Skip {
  try {
    return parse(json);
  } catch (error) {
    if (json.trim() === "") return skip;
    if (json.startsWith(BYTE_ORDER_MARK)) return parse(json.slice(1));
    throw error;
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new JsonLineError(`Cannot read a line as JSON: ${(cause as Error).message}`, { cause });
  }
}

export default jsonnl;

/** Messages to check the protocol with. */
export const samples: unknown[] = [
  { type: "message", content: "hello" },
  { cmd: "list", of: [1, -2.5, true, null] },
  "two\r\nlines",
  "naïve ✓ 😀",
  0,
  null,
  [],
];
