/**
 * The content of a message: after `DATA`, lines up to a single dot (RFC 5321, section 4.5.2); after `BDAT`, a number of
 * bytes (RFC 3030).
 *
 * Content comes in parts. Those of `DATA` are whole lines: some of the header, the end of the header, some of the body, so
 * that hooks see each header field and can add one where the header ends. Only a line longer than {@linkcode MAX_PIECE}
 * comes in several parts.
 *
 * A header ends once in every content, whether its sender has written one or not:
 *
 * | at | the end of the header (`eoh`) is |
 * | --- | --- |
 * | the blank line | that line |
 * | a line that is not a header field (RFC 5322, section 2.2), so that the body has begun | that line, as `firstLine` |
 * | the end of the content | that end: no bytes, and `last` |
 *
 * @module
 */

import { bytes, concat, equals } from "@protohost/protohost";
import { SmtpError } from "./error.ts";
import { endsHeader, isEnd } from "./header.ts";
import { CR, DOT, LF, lineEnd } from "./lines.ts";
import type { ContentState, SmtpSession } from "./session.ts";

/** A part of what follows `DATA`. */
export interface LinesPart {
  /** Lines of the header; the end of the header, once in every content; lines of the body. */
  part: "header" | "eoh" | "body";
  /**
   * Whole lines, each with its CR LF, without dot-stuffing. Those of an `eoh` are the blank line, or none where the sender
   * has written none; what replaces them gets a blank line at its end if it has none.
   */
  bytes: Uint8Array;
  /** Of an `eoh` without a blank line: the body's first line, which follows `bytes`. Look for words of the body here too. */
  firstLine?: Uint8Array;
  /** Whether these bytes begin in the middle of a line, which was too long for one part. */
  continues?: true;
  /** Whether these bytes end in the middle of a line, which goes on in the next part. */
  unfinished?: true;
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

/** How much of one line comes in one part, in bytes, where frames may be so long. */
export const MAX_PIECE = 64 * 1024;
/** A line that is no longer than RFC 5321 allows (section 4.5.3.1.6) is never cut. */
const MIN_PIECE = 1000;

const CRLF = bytes("\r\n");
const END = bytes(".\r\n");
const NOTHING = new Uint8Array();

/**
 * Finds the end of a part: as many whole lines as are there, with the dot at their end if it is among them. The line at
 * which the header ends is a part of its own, and so is a piece of a line that is too long. Answers 0 if more is needed.
 *
 * @throws {SmtpError} If there is a bare CR or LF.
 */
export function partEnd(
  buffer: Uint8Array,
  { state, from, max }: { state: ContentState; from: number; max: number },
): number {
  const { inHeader, isFirst, midLine } = state;
  const maxPiece = Math.max(MIN_PIECE, Math.min(max, MAX_PIECE));
  for (let at = 0;;) {
    const isLineStart = at > 0 || !midLine;
    if (isLineStart && isPartOfEnd(buffer, at)) return at;
    const end = lineEnd(buffer, { at, from: Math.max(at, from), max: Infinity, what: "a line of content" });
    if ((end === 0 ? buffer.length : end) - at > maxPiece) return at > 0 ? at : pieceEnd(buffer, maxPiece);
    if (end === 0) return at;
    // A frame may not be longer: the lines before it first, then the line, which is refused.
    if (end > max) return at > 0 ? at : end;
    if (isLineStart && inHeader && endsHeader(buffer, { at, end, isFirst: isFirst && at === 0 })) {
      return at === 0 ? end : at;
    }
    if (isLineStart && isEnd(buffer, at, end)) return end;
    at = end;
  }
}

/** Makes a part of the lines that `partEnd` found. */
export function decodeLines(frame: Uint8Array, session: SmtpSession): LinesPart {
  const message = readLines(frame, session.state as ContentState);
  session.contentCame(message);
  return message;
}

/** Makes a part of a chunk's bytes. */
export function decodeChunk(frame: Uint8Array, session: SmtpSession): ChunkPart {
  return { part: "chunk", bytes: frame.slice(), last: session.chunkCame(frame.length) };
}

/** The same as `decodeLines` and `decodeChunk`, without the bytes. */
export function skimContent(frame: Uint8Array, session: SmtpSession): ContentPart {
  const { state } = session;
  if (state.stream === "chunk") {
    return { part: "chunk", bytes: NOTHING, last: session.chunkCame(frame.length) };
  }
  const part = { ...kindOf(frame, state as ContentState), bytes: NOTHING };
  session.contentCame(part);
  return part;
}

/**
 * Completes what a hook has put in the place of a part that came: it ends the header, the content and its last line where
 * that part did, and the body's first line still follows it.
 */
export function completed(message: LinesPart, { part: came }: SmtpSession): LinesPart {
  if (came === undefined) return message;
  const { continues, unfinished } = came;
  const { continues: _, unfinished: __, ...rest } = message;
  return {
    ...rest,
    ...came.part === "eoh" ? { part: "eoh", firstLine: message.firstLine ?? came.firstLine } : {},
    ...continues ? { continues } : {},
    ...unfinished ? { unfinished } : {},
    last: message.last || came.last,
  };
}

/**
 * The lines of a part, with the blank line behind a header and the body's first line.
 *
 * @throws {SmtpError} If what stands before that line does not consist of whole lines.
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
  const { continues = false, unfinished = false } = message;
  const lines = unfinished ? withoutLastEnd(linesOf(message), continues) : linesOf(message);
  const pieces: Uint8Array[] = [];
  let begin = 0;
  for (let at = 0; at < lines.length;) {
    const end = lineEnd(lines, { at, max: Infinity, what: "content" });
    if (end === 0 && (!unfinished || lines.at(-1) === CR)) throw noEnd();
    if (lines[at] === DOT && (at > 0 || !continues)) {
      // The dot goes twice: once at the end of this piece, once at the beginning of the next.
      pieces.push(lines.subarray(begin, at + 1));
      begin = at;
    }
    at = end || lines.length;
  }
  pieces.push(lines.subarray(begin));
  if (message.last) pieces.push(END);
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}

/**
 * The next part goes on in the line that these bytes end in, so that line is not to end here: it could begin with a dot.
 *
 * @throws {SmtpError} If nothing is left of a line's beginning: the next part would begin one.
 */
function withoutLastEnd(lines: Uint8Array, continues: boolean): Uint8Array {
  const open = endsWith(lines, CRLF) ? lines.subarray(0, lines.length - CRLF.length) : lines;
  if ((open.length > 0 && !endsWith(open, CRLF)) || (open.length === 0 && continues)) return open;
  throw new SmtpError(
    "bad_syntax",
    "Cannot replace the beginning of a line by nothing: the rest of it follows",
  );
}

function readLines(frame: Uint8Array, state: ContentState): LinesPart {
  const kind = kindOf(frame, state);
  const lines = unstuff(kind.last ? frame.subarray(0, frame.length - END.length) : frame, state.midLine);
  const isLine = kind.part === "eoh" && !kind.last && frame.length !== CRLF.length;
  return isLine ? { ...kind, bytes: new Uint8Array(), firstLine: lines } : { ...kind, bytes: lines };
}

/** What part these lines are, without them. */
function kindOf(frame: Uint8Array, { inHeader, isFirst, midLine }: ContentState): Omit<LinesPart, "bytes"> {
  const begin = lastLine(frame);
  const last = (begin > 0 || !midLine) && isEnd(frame, begin, frame.length);
  const end = frame.indexOf(LF) + 1 || frame.length;
  const part = !inHeader ? "body" : !midLine && endsHeader(frame, { at: 0, end, isFirst }) ? "eoh" : "header";
  return {
    part,
    ...midLine ? { continues: true } : {},
    ...endsWith(frame, CRLF) ? {} : { unfinished: true },
    last,
  };
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length >= end.length && equals(bytes.subarray(bytes.length - end.length), end);
}

function noEnd(): SmtpError {
  return new SmtpError("bad_syntax", "Cannot send content: its last line has no end, wanted CR LF");
}

/** Takes away dot-stuffing. A copy. */
function unstuff(lines: Uint8Array, midLine: boolean): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(lines.length);
  let length = 0;
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(LF, at) + 1 || lines.length;
    const isStuffed = lines[at] === DOT && (at > 0 || !midLine);
    if (isStuffed) at++;
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

/** Whether what is there from an offset on can become the end of the content. */
function isPartOfEnd(buffer: Uint8Array, at: number): boolean {
  const left = buffer.length - at;
  return (left === 1 && buffer[at] === DOT) || (left === 2 && buffer[at] === DOT && buffer[at + 1] === CR);
}

/** Where to cut a line that is too long: a CR stays with its LF. */
function pieceEnd(buffer: Uint8Array, maxPiece: number): number {
  return buffer[maxPiece - 1] === CR ? maxPiece - 1 : maxPiece;
}
