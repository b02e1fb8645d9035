/**
 * Words of a line: an inline command as redis splits it, which is also how redis-cli reads what one types.
 *
 *     line   = *blank [ word *( 1*blank word ) ] *blank
 *     word   = *plain [ quoted ]            what follows a closing quote is a blank or the end
 *     quoted = DQUOTE *( char / escape ) DQUOTE / "'" *( char / "\'" ) "'"
 *     escape = "\x" 2HEXDIG / "\n" / "\r" / "\t" / "\b" / "\a" / "\" any
 *
 * A word ends at a space, tab, CR or LF. Between words a vertical tab and a form feed are blanks too, within one they are
 * not. Redis looks for the line's end no further than a zero byte, so that it never carries out a line with one in it:
 * such a line is refused.
 *
 * @module
 */

import { concat, text } from "@protohost/protohost";
import { type Blob, toBlob } from "./bytes.ts";
import { RespError } from "./error.ts";

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

/**
 * Splits a line into words.
 *
 * @throws {RespError} If its quotes are unbalanced, or there is a zero byte in it.
 */
export function splitWords(line: Uint8Array): Blob[] {
  if (line.includes(0)) throw bad(line, "there is a zero byte in it", "zero byte in inline request");
  const words: Blob[] = [];
  const { length } = line;
  for (let at = 0; at < length;) {
    if (isBlank(line[at])) {
      at++;
      continue;
    }
    const begin = at;
    while (at < length && !endsWord(line[at]) && line[at] !== QUOTE && line[at] !== APOSTROPHE) at++;
    if (at === length || endsWord(line[at])) {
      words.push(toBlob(line.subarray(begin, at)));
      continue;
    }
    const before = line.subarray(begin, at);
    const quoted: number[] = [];
    at = line[at] === QUOTE ? readDouble(line, at + 1, quoted) : readSingle(line, at + 1, quoted);
    if (at < length && !isBlank(line[at])) throw unbalanced(line);
    words.push(toBlob(concat([before, Uint8Array.from(quoted)])));
  }
  return words;
}

function readDouble(line: Uint8Array, at: number, into: number[]): number {
  for (; at < line.length; at++) {
    const byte = line[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 === line.length) {
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
  throw unbalanced(line);
}

function readSingle(line: Uint8Array, at: number, into: number[]): number {
  for (; at < line.length; at++) {
    if (line[at] === APOSTROPHE) return at + 1;
    if (line[at] === BACKSLASH && line[at + 1] === APOSTROPHE) at++;
    into.push(line[at]);
  }
  throw unbalanced(line);
}

function hexByte(line: Uint8Array, at: number): number {
  const digits = text(line.subarray(at, at + 2));
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : -1;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function endsWord(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function unbalanced(line: Uint8Array): RespError {
  return bad(line, "its quotes are unbalanced", "unbalanced quotes in request");
}

function bad(line: Uint8Array, why: string, protocolError: string): RespError {
  const shown = JSON.stringify(text(line.subarray(0, 80)).trimEnd());
  return new RespError(`Cannot split ${shown} into words: ${why}`, { protocolError });
}
