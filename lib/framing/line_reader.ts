/**
 * Reads lines as text: buffered lines are decoded together into one string, and returned one by one. No I/O.
 *
 * One reader serves all connections of a codec and holds the text of one connection at a time. A connection that another
 * one interrupts decodes its remaining lines again; an idle connection holds no text.
 *
 * @module
 */

import { textBetween } from "./bytes.ts";

/** At most this many bytes are decoded together: whoever keeps a line keeps the whole string in memory. */
const AHEAD_BYTES = 4096;

const LF = 0x0a;
const CR = 0x0d;

/** A buffer of received bytes: those from `start` to `end` are not yet consumed. */
export interface LineSource {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** How many of these have already been searched and contain no line end. */
  readonly seen: number;
  /** Changes whenever bytes have moved, so that positions from before are invalid. */
  readonly layout: number;
  /** Consumes a frame that ends at a position. Returns false, and consumes nothing, if it is too long. */
  cutAt(end: number): boolean;
}

/** Consumes lines and returns them as text. */
export class LineReader {
  readonly #maxBytes: number;
  /** Whose lines are in `text`; undefined if none are. */
  #source: LineSource | undefined;
  #layout = 0;
  #start = 0;
  #end = 0;
  #text = "";
  /** Whether `text` has one character for each byte: then positions in text and bytes correspond. */
  #isExact = false;

  /** @param maxBytes The longest line, with its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Consumes the next line and returns it without its end. Undefined if it is incomplete or too long. */
  next(source: LineSource): string | undefined {
    const { start } = source;
    if (start === source.end) return undefined;
    if (source !== this.#source || start >= this.#end || source.layout !== this.#layout) {
      const end = this.#readAhead(source);
      if (end === 0) return undefined;
      if (end > 0) return this.#readLine(source, end);
    }
    const text = this.#text;
    const from = start - this.#start;
    let to = text.indexOf("\n", from);
    const isAlone = from === 0 && to === text.length - 1;
    if (!this.#isExact && !isAlone) return this.#readLine(source, source.bytes.indexOf(LF, start) + 1);
    const end = this.#isExact ? this.#start + to + 1 : this.#end;
    if (!this.#cut(source, end)) return undefined;
    // Nothing is left to read of this source: let it be collected.
    if (end === this.#end) this.#source = undefined;
    if (text.charCodeAt(to - 1) === CR) to--;
    return text.slice(from, to);
  }

  /** Decodes whole lines and returns -1; or returns where a line ends that is too long for that, 0 without a line end. */
  #readAhead(source: LineSource): number {
    const { bytes, start, seen } = source;
    const most = Math.min(source.end, start + AHEAD_BYTES);
    const searched = start + seen;
    // What has been searched is not searched again: a line may arrive byte by byte.
    const end = seen === 0
      ? bytes.lastIndexOf(LF, most - 1) + 1
      : searched < most
      ? bytes.indexOf(LF, searched) + 1
      : 0;
    if (end <= start || end > most) {
      if (most === source.end) return 0;
      const first = bytes.indexOf(LF, Math.max(searched, most)) + 1;
      return first > source.end ? 0 : first;
    }
    const text = textBetween(bytes, start, end);
    this.#source = source;
    this.#layout = source.layout;
    this.#start = start;
    this.#end = end;
    this.#text = text;
    this.#isExact = text.length === end - start;
    return -1;
  }

  /** Consumes one line and decodes it by itself. */
  #readLine(source: LineSource, end: number): string | undefined {
    const { bytes, start } = source;
    if (!this.#cut(source, end)) return undefined;
    const hasReturn = end - start > 1 && bytes[end - 2] === CR;
    return textBetween(bytes, start, hasReturn ? end - 2 : end - 1);
  }

  #cut(source: LineSource, end: number): boolean {
    return end - source.start <= this.#maxBytes && source.cutAt(end);
  }
}
