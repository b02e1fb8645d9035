/**
 * Makers of `input` functions for the usual ways to say where a frame ends: a line, a delimiter, a length before it.
 *
 * A framer is an `input` as it stands, and has the two ways between a frame and its payload beside:
 *
 * ```ts
 * import { line, type Protocol, text } from "@protohost/protohost";
 *
 * const lines = line({ max: 4096 });
 * const words: Protocol<string> = {
 *   name: "words",
 *   input: lines,
 *   decode: (frame) => text(lines.unwrap(frame)),
 *   encode: (message) => lines.wrap(message),
 * };
 * ```
 *
 * @module
 */

import { bytes, concat, equals, indexOf, text } from "./bytes.ts";
import { describeValue } from "../describe_value.ts";
import { checkOptions, maxRule, oneOf, type OptionRule } from "./framer_options.ts";

/** A frame that is, or announces itself, longer than a framer's `max`; `code` is `frame_too_large`. */
export class FrameTooLargeError extends RangeError {
  /** The class's own name. */
  override readonly name = "FrameTooLargeError";
  /** What programs compare. */
  readonly code = "frame_too_large";

  /** Makes the error of a frame of so many bytes, or at least so many. */
  constructor(length: number | string, maxBytes: number) {
    super(`Cannot take the frame: its length is ${length} bytes, wanted at most ${maxBytes}`);
  }
}

/** A length that contradicts itself, or a payload that its frame could not hold; `code` is `bad_frame`. */
export class BadFrameError extends RangeError {
  /** The class's own name. */
  override readonly name = "BadFrameError";
  /** What programs compare. */
  readonly code = "bad_frame";
}

/** An `input`, with the two ways between a frame and its payload. */
export interface Framer<Wrapped = Uint8Array | string> {
  /** Finds the end of the first frame; see `Codec.input`. Throws {@linkcode FrameTooLargeError}. */
  (buffer: Uint8Array, connection?: unknown, from?: number): number;
  /**
   * Makes a frame of a payload.
   *
   * @throws {BadFrameError} If the payload would not come back out of the frame.
   */
  wrap(payload: Uint8Array | string): Wrapped;
  /** The payload of a frame: a view of it. */
  unwrap(frame: Uint8Array): Uint8Array;
}

/** What bounds a framer. */
export interface FramerOptions {
  /**
   * The longest frame to take, in bytes with its delimiter or header. The connection's `maxFrameBytes` applies besides.
   *
   * @default {Infinity}
   */
  max?: number;
}

/** How lines end. */
export interface LineOptions extends FramerOptions {
  /**
   * What `wrap` ends a line with. Both are read.
   *
   * @default {"\n"}
   */
  ending?: "\n" | "\r\n";
}

/** Where the length stands and what it counts. */
export interface LengthPrefixOptions extends FramerOptions {
  /**
   * How many bytes the length has.
   *
   * @default {4}
   */
  bytes?: 1 | 2 | 3 | 4 | 8;
  /**
   * Which of them comes first: the most significant (`"big"`, network order) or the least.
   *
   * @default {"big"}
   */
  endian?: "big" | "little";
  /**
   * Whether the length counts itself, and what stands before it, too.
   *
   * @default {false}
   */
  includesHeader?: boolean;
  /**
   * How many bytes of the frame stand before the length. `wrap` leaves them 0 for the caller to fill in.
   *
   * @default {0}
   */
  offset?: number;
}

const LF = 0x0a;
const CR = 0x0d;

const LINE_OPTIONS = { max: maxRule, ending: oneOf("\n", "\r\n") };
const DELIMITER_OPTIONS = { max: maxRule };
const LENGTH_OPTIONS: Readonly<Record<keyof LengthPrefixOptions, OptionRule>> = {
  bytes: oneOf(1, 2, 3, 4, 8),
  endian: oneOf("big", "little"),
  includesHeader: { wanted: "true or false", holds: (value) => typeof value === "boolean" },
  offset: {
    wanted: "a whole number of bytes, at least 0",
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  max: maxRule,
};

/**
 * Frames that end with `\n`, and with it in them. `unwrap` takes off `\n` or `\r\n`.
 *
 * @throws {TypeError} If it is given an option that is not known, or is not what it must be.
 * @throws {RangeError} If `max` has no room for a frame.
 */
export function line(options: LineOptions = {}): Framer {
  checkOptions("line", options, LINE_OPTIONS);
  const { max = Infinity, ending = "\n" } = options;
  const end = bytes(ending);
  checkMax(max, ending.length);
  return Object.assign(
    function input(buffer: Uint8Array, _connection?: unknown, from = 0): number {
      return checkLength(buffer.indexOf(LF, from) + 1, buffer.length, max);
    },
    {
      wrap(payload: Uint8Array | string): Uint8Array | string {
        if (typeof payload === "string") {
          if (payload.includes("\n") || payload.endsWith("\r")) throw unwrappable(ending);
          return payload + ending;
        }
        if (payload.includes(LF) || payload.at(-1) === CR) throw unwrappable(ending);
        return concat([payload, end]);
      },
      unwrap(frame: Uint8Array): Uint8Array {
        let length = frame.length;
        if (frame[length - 1] === LF && frame[--length - 1] === CR) length--;
        return frame.subarray(0, length);
      },
    },
  );
}

/**
 * Frames that end with a delimiter of one or more bytes, and with it in them. A string stands for its UTF-8.
 *
 * @throws {TypeError} If the delimiter is none, or for an option that is not known or not what it must be.
 * @throws {RangeError} If the delimiter is empty, or `max` has no room for a frame.
 */
export function delimiter(wanted: Uint8Array | string | number, options: FramerOptions = {}): Framer {
  if (!isDelimiter(wanted)) {
    const found = typeof wanted === "number" ? wanted : describeValue(wanted);
    throw new TypeError(
      `Cannot make a framer by delimiter(): found ${found}, wanted a string, bytes, or one byte from 0 to 255`,
    );
  }
  checkOptions("delimiter", options, DELIMITER_OPTIONS);
  const { max = Infinity } = options;
  const end = typeof wanted === "number"
    ? Uint8Array.of(wanted)
    : typeof wanted === "string"
    ? bytes(wanted)
    : wanted.slice();
  if (end.length === 0) throw new RangeError("Cannot make a framer: the delimiter is empty");
  checkMax(max, end.length);
  const endText = text(end);
  const isText = equals(bytes(endText), end);
  return Object.assign(
    function input(buffer: Uint8Array, _connection?: unknown, from = 0): number {
      const at = indexOf(buffer, end, from);
      return checkLength(at < 0 ? 0 : at + end.length, buffer.length, max);
    },
    {
      wrap(payload: Uint8Array | string): Uint8Array | string {
        // The first delimiter of the whole frame must be the last: "a" before "aa" would end one byte early.
        if (typeof payload === "string" && isText) {
          const frame = payload + endText;
          if (frame.indexOf(endText) !== payload.length) throw unwrappable(endText);
          return frame;
        }
        const content = typeof payload === "string" ? bytes(payload) : payload;
        const frame = concat([content, end]);
        if (indexOf(frame, end) !== content.length) throw unwrappable(endText);
        return frame;
      },
      unwrap: (frame: Uint8Array): Uint8Array => frame.subarray(0, frame.length - end.length),
    },
  );
}

/**
 * Frames that begin with their length as an unsigned integer, and with it in them.
 *
 * @throws {TypeError} If it is given an option that is not known, or is not what it must be.
 * @throws {RangeError} If `max` has no room for a frame.
 */
export function lengthPrefix(options: LengthPrefixOptions = {}): Framer<Uint8Array<ArrayBuffer>> {
  checkOptions("lengthPrefix", options, LENGTH_OPTIONS);
  const { bytes: size = 4, endian = "big", includesHeader = false, offset = 0, max = Infinity } = options;
  const header = offset + size;
  const uncounted = includesHeader ? 0 : header;
  checkMax(max, header);
  return Object.assign(
    function input(buffer: Uint8Array): number {
      if (buffer.length < header) return 0;
      const length = readUint(buffer, { offset, size, endian }) + uncounted;
      if (length < header) {
        throw new BadFrameError(
          `Cannot take the frame: its length is ${length} bytes, wanted at least the ${header} of its header`,
        );
      }
      // Beyond 2^53 a number is no longer exact, and no buffer is that large.
      const most = Math.min(max, Number.MAX_SAFE_INTEGER);
      if (length > most) throw new FrameTooLargeError(length, most);
      return length;
    },
    {
      wrap(payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
        const content = typeof payload === "string" ? bytes(payload) : payload;
        const length = header + content.length;
        const counted = length - uncounted;
        if (counted >= 256 ** size) {
          throw new BadFrameError(
            `Cannot make a frame: its length is ${counted}, wanted at most ${
              256 ** size - 1
            } in ${size} bytes`,
          );
        }
        const frame = new Uint8Array(length);
        writeUint(frame, counted, { offset, size, endian });
        frame.set(content, header);
        return frame;
      },
      unwrap: (frame: Uint8Array): Uint8Array => frame.subarray(header),
    },
  );
}

interface Field {
  offset: number;
  size: number;
  endian: "big" | "little";
}

function readUint(buffer: Uint8Array, { offset, size, endian }: Field): number {
  let value = 0;
  for (let i = 0; i < size; i++) {
    value = value * 256 + buffer[endian === "big" ? offset + i : offset + size - 1 - i];
  }
  return value;
}

function writeUint(buffer: Uint8Array, value: number, { offset, size, endian }: Field): void {
  for (let i = 0; i < size; i++) {
    buffer[endian === "big" ? offset + size - 1 - i : offset + i] = value % 256;
    value = Math.floor(value / 256);
  }
}

function isDelimiter(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && value >= 0 && value <= 255;
  return typeof value === "string" || value instanceof Uint8Array;
}

function checkMax(max: number, min: number): void {
  if (!(max >= min)) {
    throw new RangeError(`Cannot make a framer: its max is ${max}, wanted at least ${min}`);
  }
}

/** Without an end in `max` bytes, the frame is longer than that. */
function checkLength(length: number, seen: number, max: number): number {
  if (length > max) throw new FrameTooLargeError(length, max);
  if (length === 0 && seen >= max) throw new FrameTooLargeError(`more than ${seen}`, max);
  return length;
}

function unwrappable(end: string): BadFrameError {
  return new BadFrameError(
    `Cannot make a frame that ends with ${JSON.stringify(end)}: the payload has an end of its own in it`,
  );
}
