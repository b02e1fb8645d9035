/**
 * How people write commands and replies: redis-cli's quoting, and RESP's own lines.
 *
 * @module
 */

import { bytes, concat, text } from "@protohost/protohost";
import { type Blob, toBlob } from "./bytes.ts";
import { RespError, show } from "./error.ts";
import { decodeValue } from "./reply_reader.ts";
import { Scanner } from "./scanner.ts";
import type { Command, Value } from "./values.ts";

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<number, number>> = {
  0x6e: 0x0a, // n
  0x72: 0x0d, // r
  0x74: 0x09, // t
  0x62: 0x08, // b
  0x61: 0x07, // a
};
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
  const wire = bytes(notation.replace(/\r?\n/g, "\r\n").replace(/(\r\n)?$/, "\r\n"));
  const isOne = new Scanner("replies").input(wire, 0, MAX_NOTATION_BYTES) === wire.length;
  return isOne ? decodeValue(wire) : undefined;
}

/**
 * Splits a line into words, as redis splits an inline command: blanks part words; in double quotes stand escapes such as
 * `\n` and `\xff`, in single quotes only `\'`; what follows a closing quote is a blank.
 */
export function splitWords(line: Uint8Array): Blob[] {
  const words: Blob[] = [];
  const end = endOf(line);
  for (let at = 0; at < end;) {
    if (isBlank(line[at])) {
      at++;
      continue;
    }
    const begin = at;
    while (at < end && !isBlank(line[at]) && line[at] !== QUOTE && line[at] !== APOSTROPHE) at++;
    if (at === end || isBlank(line[at])) {
      words.push(toBlob(line.subarray(begin, at)));
      continue;
    }
    const before = line.subarray(begin, at);
    const quoted: number[] = [];
    at = line[at] === QUOTE ? readDouble(line, at + 1, quoted) : readSingle(line, at + 1, quoted);
    if (at < end && !isBlank(line[at])) throw badQuotes(line);
    words.push(toBlob(concat([before, Uint8Array.from(quoted)])));
  }
  return words;
}

/** Redis reads a line as C does: up to a zero byte. */
function endOf(line: Uint8Array): number {
  const zero = line.indexOf(0);
  return zero < 0 ? line.length : zero;
}

function readDouble(line: Uint8Array, at: number, into: number[]): number {
  for (const end = endOf(line); at < end; at++) {
    const byte = line[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 === end) {
      into.push(byte);
      continue;
    }
    at++;
    const code = line[at] === 0x78 ? hexByte(line, at + 1) : -1;
    if (code >= 0) {
      into.push(code);
      at += 2;
    } else into.push(ESCAPES[line[at]] ?? line[at]);
  }
  throw badQuotes(line);
}

function readSingle(line: Uint8Array, at: number, into: number[]): number {
  for (const end = endOf(line); at < end; at++) {
    if (line[at] === APOSTROPHE) return at + 1;
    if (line[at] === BACKSLASH && line[at + 1] === APOSTROPHE) at++;
    into.push(line[at]);
  }
  throw badQuotes(line);
}

function hexByte(line: Uint8Array, at: number): number {
  const digits = text(line.subarray(at, at + 2));
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : -1;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function badQuotes(line: Uint8Array): RespError {
  const shown = JSON.stringify(text(line.subarray(0, 80)).trimEnd());
  return new RespError(`Cannot split ${shown} into words: its quotes are unbalanced`);
}
