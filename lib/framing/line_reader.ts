/**
 * Lines as text: those that wait together are read as one string, and given out one by one. No I/O.
 *
 * One reader serves all connections of a codec, and holds the text of one of them at a time: to read on where another
 * connection came between costs one more string, and an idle connection keeps none.
 *
 * @module
 */

import { textBetween } from "./bytes.ts";

/** So many bytes of lines are read as one string: whoever keeps a line keeps its neighbours. */
const AHEAD_BYTES = 4096;

const LF = 0x0a;
const CR = 0x0d;

/** Bytes that wait, from `start` to `end` of `bytes`. */
export interface LineSource {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** How many of them have been searched in vain for the end of a line. */
  readonly seen: number;
  /** Another number whenever other bytes stand at a position than before. */
  readonly layout: number;
  /** Cuts off all before a position; answers false, and cuts nothing, if that is more than a frame may have. */
  cutAt(end: number): boolean;
}

/** Cuts lines off and reads them. */
export class LineReader {
  readonly #maxBytes: number;
  /** Whose lines `text` has; undefined if it has none. */
  #source: LineSource | undefined;
  #layout = 0;
  #start = 0;
  #end = 0;
  #text = "";
  /** Whether `text` has as many characters as bytes: then each stands for one, at the same distance from the start. */
  #isExact = false;

  /** @param maxBytes The longest line, with its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The next line without its end, cut off. Undefined, and nothing is cut, if it is not all there or too long. */
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
    // Whoever has nothing left to read here need not be kept in memory.
    if (end === this.#end) this.#source = undefined;
    if (text.charCodeAt(to - 1) === CR) to--;
    return text.slice(from, to);
  }

  /** Reads whole lines ahead: answers -1. Or where a line ends that is too long for that, 0 if none does. */
  #readAhead(source: LineSource): number {
    const { bytes, start, seen } = source;
    const most = Math.min(source.end, start + AHEAD_BYTES);
    const searched = start + seen;
    // What has been searched is not searched again, so that a line may come byte by byte.
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

  /** Cuts a line off and reads it by itself. */
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
