/**
 * Where a message ends, by its headers alone: nothing is decoded, nothing is kept but three numbers.
 *
 * Every message is a tree written in prefix order, so that one count suffices: how many elements are still to come. It
 * begins at 1; a string takes 1 from it, an array of n adds n - 1, and at 0 the message has ended.
 *
 *     between messages --a message that fits----------------> between messages
 *     between messages --as much of it as fits--------------> elements, or body
 *     elements         --whole elements that are there------> elements, or between messages after the last
 *     elements         --the header of a large string-------> body
 *     body             --bytes that are there---------------> body
 *     body             --the last ones and \r\n-------------> elements, or between messages after the last
 *
 * `input` only looks; the state changes when the piece is taken, in `decode`.
 *
 * @module
 */

import { badBytes } from "./error.ts";
import {
  checkEnd,
  INCOMPLETE,
  inlineEnd,
  Length,
  type LengthRule,
  lineEnd,
  readLength,
  replyLineEnd,
  showByte,
  Type,
} from "./wire.ts";

/** The most elements that may be outstanding, with all nested headers; beyond 2^53 the count would not be exact. */
const MAX_OUTSTANDING = 2 ** 40;
/** A string beyond this share of `maxFrameBytes` is passed in pieces if its message does not fit. */
const LARGE_SHARE = 16;
/** The least that an element takes: `$0\r\n\r\n` in a command, `_\r\n` in a reply. */
const MIN_ARGUMENT_BYTES = 6;
const MIN_ELEMENT_BYTES = 3;

/** The framing state of one direction. */
export class Scanner {
  /** Elements still to come behind the present string, while a message passes in pieces. */
  open = 0;
  /** Bytes still to come of the string that passes in pieces, with its \r\n. */
  body = 0;
  readonly #commands: boolean;
  readonly #minBytes: number;
  /** How far `input` has come with the bytes that wait: seen so many, whole elements up to `at`, so many outstanding. */
  #seen = 0;
  #at = 0;
  #outstanding = 1;
  /** Of the element looked at last: what it adds to the outstanding, where its header ends, its string's length. */
  #gain = -1;
  #headerEnd = 0;
  #size = -1;

  constructor(direction: "commands" | "replies") {
    this.#commands = direction === "commands";
    this.#minBytes = this.#commands ? MIN_ARGUMENT_BYTES : MIN_ELEMENT_BYTES;
  }

  /** Whether a message passes in pieces, of which not all were taken. */
  get isPassing(): boolean {
    return this.open > 0 || this.body > 0;
  }

  /**
   * The length of the next frame: a whole message if it fits in `max`, else a piece of it; 0 if it is not known.
   *
   * @throws {RespError} If the bytes are no RESP.
   */
  input(buffer: Uint8Array, from: number, max: number): number {
    if (this.body > 0) return this.#inputBody(buffer.length);
    const passing = this.open > 0;
    if (this.#commands && !passing && buffer.length > 0 && buffer[0] !== Type.array) {
      return inlineEnd(buffer, from);
    }
    const resumed = from > 0 && from === this.#seen;
    let at = resumed ? this.#at : 0;
    let outstanding = resumed ? this.#outstanding : passing ? this.open : 1;
    let search = resumed ? from : 0;
    for (;;) {
      const end = this.#element(buffer, at, Math.max(at, search));
      if (end === 0) {
        if (at > 0 && (passing || buffer.length >= max)) return at;
        break;
      }
      const after = outstanding + this.#gain;
      if (after > MAX_OUTSTANDING) throw badBytes(`${after} elements are announced, wanted at most 2^40`);
      if (passing || end + after * this.#minBytes > max) {
        const isLarge = this.#size > max / LARGE_SHARE && this.#headerEnd <= max;
        if (isLarge && (passing || end > max)) return this.#headerEnd;
        if (end > max) return at > 0 ? at : end;
      }
      if (after === 0) return end;
      if (end > buffer.length) {
        if (passing) return at > 0 ? at : end;
        break;
      }
      at = end;
      outstanding = after;
      search = 0;
    }
    this.#seen = buffer.length;
    this.#at = at;
    this.#outstanding = outstanding;
    return 0;
  }

  /** Takes a frame with which its message is not complete, or not yet begun with it. Answers the body it leads to. */
  take(frame: Uint8Array): number | undefined {
    let outstanding = this.open || 1;
    for (let at = 0; at < frame.length;) {
      const end = this.#element(frame, at, at);
      outstanding += this.#gain;
      if (end === 0) throw badBytes("a piece ends within a header");
      if (end > frame.length) {
        this.open = outstanding;
        this.body = this.#size + 2;
        return this.#size;
      }
      at = end;
    }
    this.open = outstanding;
    return undefined;
  }

  /** Takes a frame of a string that passes in pieces. Answers whether the string, and its \r\n, end with it. */
  takeBody(frame: Uint8Array): boolean {
    const last = frame.length === this.body;
    if (last) checkEnd(frame, frame.length);
    this.body -= frame.length;
    return last;
  }

  /** Whether a frame is a whole message, and not the beginning of one. */
  isWhole(frame: Uint8Array): boolean {
    let outstanding = 1;
    for (let at = 0; outstanding > 0;) {
      const end = this.#element(frame, at, at);
      if (end === 0 || end > frame.length) return false;
      outstanding += this.#gain;
      at = end;
    }
    return true;
  }

  /** All that is there; the last byte goes together with the \r\n behind it, so that they are never a piece alone. */
  #inputBody(available: number): number {
    if (available >= this.body) return this.body;
    const content = this.body - 2;
    return content > 1 ? Math.min(available, content - 1) : this.body;
  }

  /** Where the element at `at` ends (an array's own end is that of its header); 0 if that is not known. */
  #element(buffer: Uint8Array, at: number, search: number): number {
    if (at >= buffer.length) return 0;
    const type = buffer[at];
    this.#gain = -1;
    this.#size = -1;
    if (this.#commands) return this.#ofCommand(buffer, at);
    switch (type) {
      case Type.bulk:
        return this.#string(buffer, at, Length.bulk);
      case Type.bulkerror:
      case Type.verbatim:
        return this.#string(buffer, at, Length.blob);
      case Type.array:
        return this.#aggregate(buffer, at, Length.array);
      case Type.set:
      case Type.push:
      case Type.map:
      case Type.attribute:
        return this.#aggregate(buffer, at, Length.aggregate);
      case Type.simple:
      case Type.error:
      case Type.integer:
      case Type.null:
      case Type.boolean:
      case Type.double:
      case Type.bignumber:
        return replyLineEnd(buffer, at, search);
      default:
        throw badBytes(`a value begins with ${showByte(type)}, wanted a type of RESP`);
    }
  }

  /** The same of a command, which is an array of strings. */
  #ofCommand(buffer: Uint8Array, at: number): number {
    const isHeader = at === 0 && this.open === 0;
    const wanted = isHeader ? Type.array : Type.bulk;
    const type = buffer[at];
    if (type !== wanted) {
      throw badBytes(
        `an argument of a command begins with ${showByte(type)}, wanted ${showByte(wanted)}`,
        `expected '$', got '${String.fromCharCode(type)}'`,
      );
    }
    return isHeader ? this.#aggregate(buffer, at, Length.command) : this.#string(buffer, at, Length.argument);
  }

  #string(buffer: Uint8Array, at: number, rule: LengthRule): number {
    const size = readLength(buffer, at + 1, rule);
    if (size === INCOMPLETE) return 0;
    this.#headerEnd = lineEnd;
    if (size < 0) return lineEnd;
    this.#size = size;
    const end = lineEnd + size + 2;
    if (end <= buffer.length) checkEnd(buffer, end);
    return end;
  }

  #aggregate(buffer: Uint8Array, at: number, rule: LengthRule): number {
    const count = readLength(buffer, at + 1, rule);
    if (count === INCOMPLETE) return 0;
    this.#headerEnd = lineEnd;
    const type = buffer[at];
    if (type === Type.map) this.#gain = 2 * count - 1;
    // Attributes stand before the value that they belong to, which is still to come.
    else if (type === Type.attribute) this.#gain = 2 * count;
    else this.#gain = Math.max(count, 0) - 1;
    return lineEnd;
  }
}
