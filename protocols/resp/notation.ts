/**
 * Commands and replies as people write them: with redis-cli's quoting, and as RESP's own lines.
 *
 * @module
 */

import { bytes } from "@protohost/protohost";
import { RespError, show } from "./error.ts";
import { splitWords } from "./inline.ts";
import { decodeValue } from "./reply_reader.ts";
import { Scanner } from "./scanner.ts";
import type { Command, Value } from "./values.ts";

/** The longest reply in notation. */
const MAX_NOTATION_BYTES = 1024 ** 2;

/** Reads a command as one types it: `SET greeting "hello, \x77orld"`. */
export function parseCommand(notation: string): Command {
  const args = splitWords(bytes(notation));
  if (args.length === 0) {
    throw new RespError("Cannot read a command: it is empty, wanted one such as SET key 1");
  }
  return { args };
}

/**
 * Reads a reply: a value as it stands on the wire, its line ends as one likes (`+OK`, `-ERR refused`, `:1`, `$-1`,
 * `*2\n:1\n:2`), or a string in double quotes (`"hello"`).
 */
export function parseReply(notation: string): Value {
  let value: Value | undefined;
  let cause: unknown;
  try {
    value = readNotation(notation);
  } catch (error) {
    cause = error;
  }
  if (value !== undefined) return value;
  throw new RespError(
    `Cannot read ${show(notation)} as a reply: wanted one value, such as +OK, -ERR refused or "text"`,
    { cause },
  );
}

function readNotation(notation: string): Value | undefined {
  if (notation.startsWith('"')) {
    const words = splitWords(bytes(notation));
    return words.length === 1 ? { type: "bulk", value: words[0] } : undefined;
  }
  if (/\r(?!\n)/.test(notation)) return undefined;
  const wire = bytes(notation.replace(/\r?\n/g, "\r\n").replace(/(\r\n)?$/, "\r\n"));
  const isOne = new Scanner("replies").input(wire, 0, MAX_NOTATION_BYTES) === wire.length;
  return isOne ? decodeValue(wire) : undefined;
}
