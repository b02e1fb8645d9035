/**
 * The content of a message: behind `DATA`, lines up to a single dot (RFC 5321, section 4.5.2); behind `BDAT`, so many
 * bytes (RFC 3030).
 *
 * Content comes in parts. Those of `DATA` are whole lines: some of the header, the end of the header, some of the body. So
 * hooks can see each header field, and put one of their own where the header ends.
 *
 * A header ends once in every content, whether its sender has written one or not:
 *
 * | at | the end of the header (`eoh`) is |
 * | --- | --- |
 * | the blank line | that line |
 * | a line that is no header field (RFC 5322, section 2.2), so that the body has begun | that line, as `firstLine` |
 * | the end of the content | that end: no bytes, and `last` |
 *
 * @module
 */

import { bytes, concat, equals } from "@protohost/protohost";
import { SmtpError } from "./error.ts";
import { endsHeader, isEnd } from "./header.ts";
import { CR, DOT, LF, lineEnd } from "./lines.ts";
import type { SmtpSession, SmtpState } from "./session.ts";

/** A part of what follows `DATA`. */
export interface LinesPart {
  /** Lines of the header; the end of the header, once in every content; lines of the body. */
  part: "header" | "eoh" | "body";
  /**
   * Whole lines, each with its CR LF, without the dots that the wire adds. Those of an `eoh` are the blank line, or none
   * where the sender has written none; what is sent in their place gets a blank line at its end if it has none.
   */
  bytes: Uint8Array;
  /**
   * Of an `eoh` without a blank line: the body's first line, which is behind `bytes`. Who looks through bodies looks here
   * too.
   */
  firstLine?: Uint8Array;
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

const CRLF = bytes("\r\n");
const END = bytes(".\r\n");
const NOTHING = new Uint8Array();

/**
 * Finds the end of a part: as many whole lines as are there, with the dot at their end if it is among them. The line at
 * which the header ends is a part of its own. Answers 0 if not one line is complete.
 *
 * @throws {SmtpError} If there is a bare CR or LF.
 */
export function partEnd(
  buffer: Uint8Array,
  { inHeader, isFirst, from, max }: { inHeader: boolean; isFirst: boolean; from: number; max: number },
): number {
  for (let at = 0;;) {
    if (isPartOfEnd(buffer, at)) return at;
    const end = lineEnd(buffer, { at, from: Math.max(at, from), max: Infinity, what: "a line of content" });
    if (end === 0) return at;
    // More than a frame may be: the lines before it first, then the line alone, for which the limit is to answer.
    if (end > max) return at === 0 ? end : at;
    if (inHeader && endsHeader(buffer, { at, end, isFirst: isFirst && at === 0 })) return at === 0 ? end : at;
    if (isEnd(buffer, at, end)) return end;
    at = end;
  }
}

/** Makes a part of the lines that `partEnd` found. */
export function decodeLines(frame: Uint8Array, session: SmtpSession): LinesPart {
  const message = readLines(frame, session.state);
  session.contentCame(message);
  return message;
}

/** Makes a part of a chunk's bytes. */
export function decodeChunk(frame: Uint8Array, session: SmtpSession): ChunkPart {
  return { part: "chunk", bytes: frame.slice(), last: session.chunkCame(frame.length) };
}

/**
 * Makes whole what a hook has put in the place of a part that came: where that ended the header or the content, so does
 * this, and the body's first line stays behind it.
 */
export function completed(message: LinesPart, { part: came }: SmtpSession): LinesPart {
  if (came === undefined) return message;
  const last = message.last || came.last;
  if (came.part !== "eoh") return last === message.last ? message : { ...message, last };
  return { ...message, part: "eoh", firstLine: message.firstLine ?? came.firstLine, last };
}

/**
 * The lines of a part, the blank line behind a header and the body's first line among them.
 *
 * @throws {SmtpError} If what stands before that line is no whole lines.
 */
export function linesOf({ part, bytes, firstLine = NOTHING }: LinesPart): Uint8Array {
  if (part !== "eoh") return bytes;
  if (bytes.length > 0 && !endsWith(bytes, CRLF)) throw noEnd();
  const isOver = bytes.length <= CRLF.length || endsWith(bytes, concat([CRLF, CRLF]));
  return isOver && firstLine.length === 0 ? bytes : concat([bytes, isOver ? NOTHING : CRLF, firstLine]);
}

/**
 * Writes a part as it goes over the wire.
 *
 * @throws {SmtpError} If it is of lines, and they are not whole or have a bare CR or LF.
 */
export function encodePart(message: ContentPart): Uint8Array {
  if (message.part === "chunk") return message.bytes;
  const lines = linesOf(message);
  const pieces: Uint8Array[] = [];
  let begin = 0;
  for (let at = 0; at < lines.length;) {
    const end = lineEnd(lines, { at, max: Infinity, what: "content" });
    if (end === 0) throw noEnd();
    if (lines[at] === DOT) {
      // The dot goes twice: once at the end of this piece, once at the beginning of the next.
      pieces.push(lines.subarray(begin, at + 1));
      begin = at;
    }
    at = end;
  }
  pieces.push(lines.subarray(begin));
  if (message.last) pieces.push(END);
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}

function readLines(frame: Uint8Array, state: SmtpState): LinesPart {
  const last = isEnd(frame, lastLine(frame), frame.length);
  const lines = unstuff(last ? frame.subarray(0, frame.length - END.length) : frame);
  if (state.stream !== "content" || !state.inHeader) return { part: "body", bytes: lines, last };
  const end = frame.indexOf(LF) + 1;
  if (!endsHeader(frame, { at: 0, end, isFirst: state.isFirst })) {
    return { part: "header", bytes: lines, last };
  }
  if (last || frame.length === CRLF.length) return { part: "eoh", bytes: lines, last };
  return { part: "eoh", bytes: new Uint8Array(), firstLine: lines, last };
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length >= end.length && equals(bytes.subarray(bytes.length - end.length), end);
}

function noEnd(): SmtpError {
  return new SmtpError("bad_syntax", "Cannot send content: its last line has no end, wanted CR LF");
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

/** Whether what is there from a position on can become the end of the content. */
function isPartOfEnd(buffer: Uint8Array, at: number): boolean {
  const left = buffer.length - at;
  return (left === 1 && buffer[at] === DOT) || (left === 2 && buffer[at] === DOT && buffer[at + 1] === CR);
}
