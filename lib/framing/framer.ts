/**
 * What the makers of `input` functions have in common: `line`, `delimiter` and `lengthPrefix`, for the usual ways to say
 * where a frame ends. Pure.
 *
 * A framer is an `input` as it stands, and has the two ways between a frame and its payload beside:
 *
 * ```ts
 * import { line, type Protocol } from "@protohost/protohost";
 *
 * const lines = line({ max: 4096 });
 * const words: Protocol<string> = {
 *   name: "words",
 *   input: lines,
 *   decode: lines.decoder((line) => line),
 *   encode: (message) => lines.wrap(message),
 * };
 * ```
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";

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

freezeClass(FrameTooLargeError);

/** A length that contradicts itself, or a payload that its frame could not hold; `code` is `bad_frame`. */
export class BadFrameError extends RangeError {
  /** The class's own name. */
  override readonly name = "BadFrameError";
  /** What programs compare. */
  readonly code = "bad_frame";
}

freezeClass(BadFrameError);

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

/**
 * Makes sure that a framer can take any frame at all.
 *
 * @throws {RangeError} If `max` has no room for `min` bytes.
 */
export function checkMax(max: number, min: number): void {
  if (!(max >= min)) {
    throw new RangeError(`Cannot make a framer: its max is ${max}, wanted at least ${min}`);
  }
}

/**
 * Answers the length of a frame that ends with something; 0 while that has not been seen in `seen` bytes.
 *
 * @throws {FrameTooLargeError} If it is longer than `max`, as it must be without an end in so many bytes.
 */
export function checkLength(length: number, seen: number, max: number): number {
  if (length > max) throw new FrameTooLargeError(length, max);
  if (length === 0 && seen >= max) throw new FrameTooLargeError(`more than ${seen}`, max);
  return length;
}

/** The error of a payload that has the end of its frame in it. */
export function unwrappable(end: string): BadFrameError {
  return new BadFrameError(
    `Cannot make a frame that ends with ${JSON.stringify(end)}: the payload has an end of its own in it`,
  );
}
