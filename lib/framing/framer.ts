/**
 * What `line`, `delimiter` and `lengthPrefix` have in common: they create framers for the usual ways to mark the end of a
 * frame. Pure.
 *
 * A framer is an `input` function that can also wrap a payload in a frame and unwrap it:
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

/** A frame is longer than the framer's `max`, or announces to be; `code` is `frame_too_large`. */
export class FrameTooLargeError extends RangeError {
  /** The class's own name. */
  override readonly name = "FrameTooLargeError";
  /** What programs compare. */
  readonly code = "frame_too_large";

  /** Makes the error for a frame of this length. */
  constructor(length: number | string, maxBytes: number) {
    super(`Cannot accept the frame: its length is ${length} bytes, wanted at most ${maxBytes}`);
  }
}

freezeClass(FrameTooLargeError);

/** A length that contradicts itself, or a payload that cannot be framed; `code` is `bad_frame`. */
export class BadFrameError extends RangeError {
  /** The class's own name. */
  override readonly name = "BadFrameError";
  /** What programs compare. */
  readonly code = "bad_frame";
}

freezeClass(BadFrameError);

/** An `input` function that can also wrap and unwrap payloads. */
export interface Framer<Wrapped = Uint8Array | string> {
  /** Finds the end of the first frame; see `Codec.input`. Throws {@linkcode FrameTooLargeError}. */
  (buffer: Uint8Array, connection?: unknown, from?: number): number;
  /**
   * Wraps a payload in a frame.
   *
   * @throws {BadFrameError} If `unwrap` would not give the payload back.
   */
  wrap(payload: Uint8Array | string): Wrapped;
  /** The payload of a frame, as a view. */
  unwrap(frame: Uint8Array): Uint8Array;
}

/** The limit of a framer. */
export interface FramerOptions {
  /**
   * The longest frame, in bytes, with its delimiter or header. The connection's `maxFrameBytes` applies as well.
   *
   * @default {Infinity}
   */
  max?: number;
}

/**
 * Checks that `max` allows any frame at all.
 *
 * @throws {RangeError} If it is less than `min` bytes.
 */
export function checkMax(max: number, min: number): void {
  if (!(max >= min)) {
    throw new RangeError(`Cannot create a framer: max is ${max}, wanted at least ${min}`);
  }
}

/**
 * Returns the length of a frame with an end mark, or 0 if the mark is not among the `seen` bytes.
 *
 * @throws {FrameTooLargeError} If the frame is longer than `max`, or must be since `seen` bytes have no end.
 */
export function checkLength(length: number, seen: number, max: number): number {
  if (length > max) throw new FrameTooLargeError(length, max);
  if (length === 0 && seen >= max) throw new FrameTooLargeError(`more than ${seen}`, max);
  return length;
}

/** The error for a payload that contains the end mark of its frame. */
export function unwrappable(end: string): BadFrameError {
  return new BadFrameError(
    `Cannot wrap the payload in a frame: it contains ${JSON.stringify(end)}, which ends a frame`,
  );
}
