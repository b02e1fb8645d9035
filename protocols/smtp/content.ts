/**
 * The content of a message: behind `DATA`, lines up to a single dot (RFC 5321, section 4.5.2); behind `BDAT`, so many
 * bytes (RFC 3030).
 *
 * Content comes in parts. Those of `DATA` are whole lines: some of the header, the blank line behind it, some of the
 * body. So hooks can see each header field, and put one of their own before the blank line.
 *
 * @module
 */

import { bytes, concat } from "@protohost/protohost";
import { SmtpError } from "./error.ts";
import { CR, LF, lineEnd } from "./lines.ts";
import type { SmtpSession } from "./session.ts";

/** A part of what follows `DATA`. */
export interface LinesPart {
  /** Lines of the header; the blank line that ends the header; lines of the body. */
  part: "header" | "eoh" | "body";
  /** Whole lines, each with its CR LF, without the dots that the wire adds. */
  bytes: Uint8Array;
  /** Whether the content ends here. */
  last: boolean;
}

/** A part of what follows `BDAT`. */
export interface ChunkPart {
  /** Always this. */
  part: "chunk";
  /** The bytes, as they are. */
  bytes: Uint8Array;
  /** Whether the chunk ends here; whether the content does, its `BDAT` has said. */
  last: boolean;
}

/** A part of a message's content. */
export type ContentPart = LinesPart | ChunkPart;

const DOT = 0x2e;
const END = bytes(".\r\n");

/**
 * Finds the end of a part: as many whole lines as are there, with the dot at their end if it is among them. The blank
 * line behind the header is a part of its own. Answers 0 if not one line is complete.
 *
 * @throws {SmtpError} If there is a bare CR or LF.
 */
export function partEnd(
  buffer: Uint8Array,
  { inHeader, from, max }: { inHeader: boolean; from: number; max: number },
): number {
  for (let at = 0;;) {
    if (isPartOfEnd(buffer, at)) return at;
    const end = lineEnd(buffer, { at, from: Math.max(at, from), max: Infinity, what: "a line of content" });
    if (end === 0) return at;
    // More than a frame may be: the lines before it first, then the line alone, for which the limit is to answer.
    if (end > max) return at === 0 ? end : at;
    if (inHeader && end === at + 2) return at === 0 ? end : at;
    if (isEnd(buffer, at, end)) return end;
    at = end;
  }
}

/** Makes a part of the lines that `partEnd` found. */
export function decodeLines(frame: Uint8Array, session: SmtpSession): LinesPart {
  const { state } = session;
  const inHeader = state.stream === "content" && state.inHeader;
  const last = isEnd(frame, lastLine(frame), frame.length);
  const part = !inHeader ? "body" : frame.length === 2 ? "eoh" : "header";
  session.contentCame(part === "header" ? "header" : "body", last);
  return { part, bytes: unstuff(last ? frame.subarray(0, frame.length - END.length) : frame), last };
}

/** Makes a part of a chunk's bytes. */
export function decodeChunk(frame: Uint8Array, session: SmtpSession): ChunkPart {
  return { part: "chunk", bytes: frame.slice(), last: session.chunkCame(frame.length) };
}

/**
 * Writes a part as it goes over the wire.
 *
 * @throws {SmtpError} If it is of lines, and they are not whole or have a bare CR or LF.
 */
export function encodePart({ part, bytes, last }: ContentPart): Uint8Array {
  if (part === "chunk") return bytes;
  const pieces: Uint8Array[] = [];
  let begin = 0;
  for (let at = 0; at < bytes.length;) {
    const end = lineEnd(bytes, { at, max: Infinity, what: "content" });
    if (end === 0) {
      throw new SmtpError("bad_syntax", "Cannot send content: its last line has no end, wanted CR LF");
    }
    if (bytes[at] === DOT) {
      // The dot goes twice: once at the end of this piece, once at the beginning of the next.
      pieces.push(bytes.subarray(begin, at + 1));
      begin = at;
    }
    at = end;
  }
  pieces.push(bytes.subarray(begin));
  if (last) pieces.push(END);
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}

/** Takes away the dot that lines beginning with one have more on the wire. A copy. */
function unstuff(lines: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(lines.length);
  let length = 0;
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(LF, at) + 1;
    if (lines[at] === DOT) at++;
    copy.set(lines.subarray(at, end), length);
    length += end - at;
    at = end;
  }
  return length === copy.length ? copy : copy.slice(0, length);
}

/** Where the last line begins. */
function lastLine(lines: Uint8Array): number {
  return lines.length < 2 ? 0 : lines.lastIndexOf(LF, lines.length - 2) + 1;
}

function isEnd(lines: Uint8Array, at: number, end: number): boolean {
  return end - at === END.length && lines[at] === DOT;
}

/** Whether what is there from a position on can become the end of the content. */
function isPartOfEnd(buffer: Uint8Array, at: number): boolean {
  const left = buffer.length - at;
  return (left === 1 && buffer[at] === DOT) || (left === 2 && buffer[at] === DOT && buffer[at + 1] === CR);
}
