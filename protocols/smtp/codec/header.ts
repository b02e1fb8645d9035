/**
 * Where the header of a message ends (RFC 5322, section 2.1), line by line as they stand on the wire. Pure.
 *
 * @module
 */

import { DOT } from "./lines.ts";

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const DELETE = 0x7f;

/** Whether the header ends with this line: it is blank, the end of the content, or not a header field. */
export function endsHeader(
  buffer: Uint8Array,
  { at, end, isFirst }: { at: number; end: number; isFirst: boolean },
): boolean {
  if (end - at === 2 || isEnd(buffer, at, end)) return true;
  let next = buffer[at] === DOT ? at + 1 : at;
  // A line that begins with a blank continues the field before it.
  if (isBlank(buffer[next])) return isFirst;
  const begin = next;
  while (buffer[next] > SPACE && buffer[next] < DELETE && buffer[next] !== COLON) next++;
  if (next === begin) return true;
  // Blanks before the colon are obsolete and still read (section 4.5.8).
  while (isBlank(buffer[next])) next++;
  return buffer[next] !== COLON;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Whether this line is the end of the content: a dot alone. */
export function isEnd(lines: Uint8Array, at: number, end: number): boolean {
  return end - at === 3 && lines[at] === DOT;
}
