/**
 * Lines that end with CR LF and hold neither byte alone (RFC 5321, section 2.3.8).
 *
 * Servers that took a bare LF or CR for the end of a line disagreed with those that did not about where a message ends
 * (CVE-2023-51764, CVE-2023-51765, CVE-2023-51766). Both are refused here, in commands, content and replies, so that the
 * server behind a proxy reads the same lines as the proxy.
 *
 * @module
 */

import { bytes, concat, text } from "@protohost/protohost";
import { SmtpError } from "./error.ts";

export const LF = 0x0a;
export const CR = 0x0d;
export const DOT = 0x2e;

/** Where to search for the end of a line, and what an error calls the line. */
export interface LineOptions {
  /** The offset at which the line begins. @default {0} */
  at?: number;
  /** How many bytes an earlier search has seen. @default {0} */
  from?: number;
  /** The longest line in bytes, its end included. */
  max: number;
  /** Such as `a command line`. */
  what: string;
}

/**
 * Finds the end of a line: answers the offset behind its CR LF, or 0 if that has not come yet.
 *
 * @throws {SmtpError} If there is a bare LF or CR before it, or the line is too long.
 */
export function lineEnd(buffer: Uint8Array, { at = 0, from = 0, max, what }: LineOptions): number {
  // The last byte that was seen can be a CR whose LF is the first that was not.
  const begin = Math.max(at, from - 1);
  const lf = buffer.indexOf(LF, begin);
  const cr = buffer.indexOf(CR, begin);
  const end = lf < 0 ? buffer.length : lf + 1;
  if (end - at > max) {
    throw new SmtpError("frame_too_large", `Cannot take ${what}: it is longer than ${max} bytes`);
  }
  if (cr >= 0 && cr < (lf < 0 ? end - 1 : lf - 1)) {
    throw new SmtpError("bare_cr", `Cannot take ${what}: found a CR without LF, wanted CR LF`);
  }
  if (lf < 0) return 0;
  // A line cannot begin with the LF of a CR LF: its CR would have been waiting here.
  if (lf === at || cr !== lf - 1) {
    throw new SmtpError("bare_lf", `Cannot take ${what}: found an LF without CR, wanted CR LF`);
  }
  return end;
}

/** A line without its CR LF. */
export function withoutEnd(line: Uint8Array): Uint8Array {
  return line.subarray(0, line.length - 2);
}

/**
 * Answers a text that is one line.
 *
 * @throws {SmtpError} If there is a CR or an LF in it, which would make two lines of it.
 */
export function oneLine(text: string): string {
  if (!/[\r\n]/.test(text)) return text;
  throw new SmtpError("bad_syntax", `Cannot send ${shown(text)} as a line: found a line break in it`);
}

/** Any value in at most 80 characters, for errors. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A cycle or a bigint.
  }
  return (text ?? String(value)).slice(0, 80);
}

/** Where bytes that are not UTF-8 are put: byte 0x80 is the lone surrogate U+DC80, which no UTF-8 decodes to. */
const ESCAPE = 0xdc00;
const REPLACED = "\ufffd";

/**
 * Reads a line as UTF-8. Each byte that is not UTF-8 becomes a lone surrogate, so that {@linkcode writeText} makes the
 * same bytes of it.
 */
export function readText(line: Uint8Array): string {
  const read = text(line);
  return read.includes(REPLACED) ? readEscaped(line) : read;
}

/** Writes what {@linkcode readText} has read. */
export function writeText(text: string): string | Uint8Array {
  return isUtf8(text) ? text : concat([...text].map(writeCharacter));
}

/** Whether a text has none of the surrogates that stand for bytes which are not UTF-8. */
export function isUtf8(text: string): boolean {
  return text.isWellFormed();
}

function readEscaped(line: Uint8Array): string {
  let read = "";
  for (let at = 0; at < line.length;) {
    const length = sequenceLength(line[at]);
    const piece = text(line.subarray(at, at + length));
    // U+FFFD itself may have been sent.
    const isRead = length > 0 && (piece.length > 0 && !piece.includes(REPLACED) || isReplacement(line, at));
    read += isRead ? piece : String.fromCharCode(ESCAPE + line[at]);
    at += isRead ? length : 1;
  }
  return read;
}

/** How many bytes a UTF-8 sequence has that begins with this one; 0 if none does. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function isReplacement(line: Uint8Array, at: number): boolean {
  return line[at] === 0xef && line[at + 1] === 0xbf && line[at + 2] === 0xbd;
}

function writeCharacter(character: string): Uint8Array {
  const code = character.charCodeAt(0);
  const isEscaped = character.length === 1 && code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
  return isEscaped ? Uint8Array.of(code - ESCAPE) : bytes(character);
}
