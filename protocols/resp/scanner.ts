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

import { CR, LF } from "./bytes.ts";
import { RespError } from "./error.ts";
import type { BodyPart } from "./values.ts";

/** The first byte of each type. */
export const Type = {
  simple: 0x2b, // +
  error: 0x2d, // -
  integer: 0x3a, // :
  bulk: 0x24, // $
  array: 0x2a, // *
  null: 0x5f, // _
  boolean: 0x23, // #
  double: 0x2c, // ,
  bignumber: 0x28, // (
  bulkerror: 0x21, // !
  verbatim: 0x3d, // =
  map: 0x25, // %
  set: 0x7e, // ~
  attribute: 0x7c, // |
  push: 0x3e, // >
} as const;

/** The longest string, redis' own `proto-max-bulk-len`. */
export const MAX_BULK_BYTES = 512 * 1024 ** 2;
/** The most elements that a header may announce: 2^31 - 1, as in redis. */
const MAX_COUNT = 2_147_483_647;
/** The most elements that may be outstanding, with all nested headers; beyond 2^53 the count would not be exact. */
const MAX_OUTSTANDING = 2 ** 40;
/** The longest line: an inline command, a status, an error, a number. Redis' own limit. */
export const MAX_LINE_BYTES = 64 * 1024;
/** A string beyond this share of `maxFrameBytes` is passed in pieces if its message does not fit. */
const LARGE_SHARE = 16;
/** The least that an element takes: `$0\r\n\r\n` in a command, `_\r\n` in a reply. */
const MIN_ARGUMENT_BYTES = 6;
const MIN_ELEMENT_BYTES = 3;
/** The header is not all there. */
const INCOMPLETE = -2;
const MAX_DIGITS = 15;

/** Where the line ends that {@linkcode readLength} has read last. */
let lineEnd = 0;

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
      return lineLength(buffer, 0, from);
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
      if (after > MAX_OUTSTANDING) throw bad(`${after} elements are announced, wanted at most 2^40`);
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
      if (end === 0) throw bad("a piece ends within a header");
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

  /** Takes a frame of a string that passes in pieces. */
  takeBody(frame: Uint8Array): BodyPart {
    const last = frame.length === this.body;
    if (last) checkEnd(frame, frame.length);
    this.body -= frame.length;
    const bytes = frame.slice(0, last ? frame.length - 2 : frame.length);
    return { part: "body", bytes, last, complete: last && this.open === 0 };
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
    if (this.#commands) this.#checkCommand(type, at);
    switch (type) {
      case Type.bulk:
      case Type.bulkerror:
      case Type.verbatim: {
        const size = readLength(buffer, at + 1, MAX_BULK_BYTES);
        if (size === INCOMPLETE) return 0;
        this.#headerEnd = lineEnd;
        if (size < 0) {
          if (type !== Type.bulk || this.#commands) throw bad("a string's length is -1, wanted at least 0");
          return lineEnd;
        }
        this.#size = size;
        const end = lineEnd + size + 2;
        if (end <= buffer.length) checkEnd(buffer, end);
        return end;
      }
      case Type.array:
      case Type.set:
      case Type.push:
      case Type.map:
      case Type.attribute: {
        const count = readLength(buffer, at + 1, MAX_COUNT);
        if (count === INCOMPLETE) return 0;
        if (count < 0 && type !== Type.array) throw bad("a count of elements is -1, wanted at least 0");
        this.#headerEnd = lineEnd;
        if (type === Type.map) this.#gain = 2 * count - 1;
        // Attributes stand before the value that they belong to, which is still to come.
        else if (type === Type.attribute) this.#gain = 2 * count;
        else this.#gain = Math.max(count, 0) - 1;
        return lineEnd;
      }
      case Type.simple:
      case Type.error:
      case Type.integer:
      case Type.null:
      case Type.boolean:
      case Type.double:
      case Type.bignumber:
        return lineLength(buffer, at, search);
      default:
        throw bad(`a value begins with ${showByte(type)}, wanted a type of RESP`);
    }
  }

  #checkCommand(type: number, at: number): void {
    const wanted = at === 0 && this.open === 0 ? Type.array : Type.bulk;
    if (type !== wanted) {
      throw bad(`an argument of a command begins with ${showByte(type)}, wanted ${showByte(wanted)}`);
    }
  }
}

/** Where the line from `at` ends, its \n included; 0 if it is not there. Nothing before `search` ends it. */
function lineLength(buffer: Uint8Array, at: number, search: number): number {
  const end = buffer.indexOf(LF, search) + 1;
  if ((end === 0 ? buffer.length : end) - at > MAX_LINE_BYTES) {
    throw bad(`a line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  return end;
}

/** Reads a decimal number and its \r\n: -1 at least, without sign or zeros before it. Sets {@linkcode lineEnd}. */
function readLength(buffer: Uint8Array, at: number, max: number): number {
  const { length } = buffer;
  const first = at;
  if (at < length && buffer[at] === 0x2d) {
    if (at + 1 < length && buffer[at + 1] !== 0x31) throw badLength(buffer, first);
    at += 2;
    if (at + 1 >= length) {
      if (at < length && buffer[at] !== CR) throw badLength(buffer, first);
      return INCOMPLETE;
    }
    if (buffer[at] !== CR || buffer[at + 1] !== LF) throw badLength(buffer, first);
    lineEnd = at + 2;
    return -1;
  }
  let value = 0;
  for (; at < length; at++) {
    const digit = buffer[at] - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (at - first === MAX_DIGITS || (value === 0 && at > first)) throw badLength(buffer, first);
      value = value * 10 + digit;
      continue;
    }
    if (buffer[at] !== CR || at === first) throw badLength(buffer, first);
    if (at + 1 === length) return INCOMPLETE;
    if (buffer[at + 1] !== LF) throw badLength(buffer, first);
    if (value > max) throw bad(`a length is ${value}, wanted at most ${max}`);
    lineEnd = at + 2;
    return value;
  }
  return INCOMPLETE;
}

/** A string ends with \r\n, whatever it holds. */
export function checkEnd(buffer: Uint8Array, end: number): void {
  if (buffer[end - 2] !== CR || buffer[end - 1] !== LF) {
    throw bad("a string does not end where its length says, wanted \\r\\n there");
  }
}

function badLength(buffer: Uint8Array, at: number): RespError {
  const found = Array.from(buffer.subarray(at, at + MAX_DIGITS + 1), (byte) => String.fromCharCode(byte));
  return bad(`a length reads ${JSON.stringify(found.join(""))}, wanted a decimal number and \\r\\n`);
}

function bad(what: string): RespError {
  return new RespError(`Cannot read RESP: ${what}`);
}

function showByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
}
