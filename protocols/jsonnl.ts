/**
 * JSON Lines: one JSON value (RFC 8259) a line.
 *
 *     +------------+------------+
 *     | JSON value | \n or \r\n |
 *     +------------+------------+
 *
 * JSON writes a line break inside a string as an escape, so that the first \n is always the end. Blank lines are
 * skipped, and so is a byte order mark before a value (RFC 8259, section 8.1). A last value that lacks its \n at the end
 * of the stream is a message too. A message's command is its `type`, `cmd` or `method`, or what the configuration says:
 * `command: { key: method }`.
 *
 * Where hooks guard a server behind a proxy, a line that this server may read in another way than hooks do is refused: one
 * in which several keys could name it, a batch, a name that is no string, a key that comes twice (RFC 8259, section 4), or
 * bytes that are no UTF-8.
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

/** The keys that name a message, unless the configuration names one. */
const NAMING_KEYS: readonly string[] = ["type", "cmd", "method"];

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
  namedBy: (key) => ({
    ...jsonnl,
    command(message) {
      const name = isObject(message) && Object.hasOwn(message, key) ? message[key] : undefined;
      return typeof name === "string" ? name : "";
    },
    ambiguous: (message, _connection, { frame }) => refusalOf(doubtOf(message, frame, [key])),
  }),
  ambiguous: (message, _connection, { frame }) => refusalOf(doubtOf(message, frame, NAMING_KEYS)),
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

function refusalOf(doubt: string | undefined): unknown {
  return doubt === undefined ? undefined : { error: `ambiguous request: ${doubt}` };
}

/** Why a server may take a message for another than it is here; undefined if it cannot. */
function doubtOf(message: unknown, frame: Uint8Array, keys: readonly string[]): string | undefined {
  if (Array.isArray(message)) {
    return message.some((one) => namingKeys(one, keys).length > 0) ? "it is a batch" : undefined;
  }
  const found = namingKeys(message, keys);
  if (found.length > 1) return `${found.map(quoted).join(" and ")} may name it`;
  const [key] = found;
  if (key !== undefined) {
    if (!keys.includes(key)) {
      return `${quoted(key)} differs from ${keys.map(quoted).join(", ")} in letter case`;
    }
    if (typeof (message as Record<string, unknown>)[key] !== "string") return `${quoted(key)} is no string`;
  }
  const json = utf8(frame);
  if (json === undefined) return "it is not UTF-8";
  const twice = keyTwice(json);
  return twice === undefined ? undefined : `${quoted(twice)} comes twice`;
}

/** The keys of a value that a server might take for one of these: some ignore letter case. */
function namingKeys(value: unknown, keys: readonly string[]): string[] {
  if (!isObject(value)) return [];
  return Object.keys(value).filter((key) => keys.some((naming) => folded(naming) === folded(key)));
}

/** Without letter case, also where a letter has its upper case in common with another: K, k and the Kelvin sign. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function quoted(key: string): string {
  return JSON.stringify(key.slice(0, 40));
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** The first key that an object of a JSON text has twice, at whatever depth; undefined if none has. */
function keyTwice(json: string): string | undefined {
  /** The keys of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case OPEN_OBJECT:
        open.push(new Set());
        isKeyNext = true;
        break;
      case OPEN_LIST:
        open.push(undefined);
        isKeyNext = false;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop();
        break;
      case COMMA:
        isKeyNext = open.at(-1) !== undefined;
        break;
      case QUOTE: {
        const end = endOfString(json, at);
        if (isKeyNext) {
          const keys = open.at(-1)!;
          const key: string = JSON.parse(json.slice(at, end + 1));
          if (keys.has(key)) return key;
          keys.add(key);
          isKeyNext = false;
        }
        at = end;
      }
    }
  }
  return undefined;
}

/** The offset of the quote that ends a string. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
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
