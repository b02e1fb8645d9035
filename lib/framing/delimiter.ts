/**
 * Frames that end with a delimiter. Pure.
 *
 * @module
 */

import { bytes, concat, equals, indexOf, text } from "./bytes.ts";
import { describeValue } from "../base/describe_value.ts";
import { checkLength, checkMax, type Framer, type FramerOptions, unwrappable } from "./framer.ts";
import { checkOptions, maxRule } from "./framer_options.ts";

const OPTIONS = { max: maxRule };

/**
 * Frames that end with a delimiter of one or more bytes; the frame includes it. A string stands for its UTF-8.
 *
 * @throws {TypeError} If the delimiter is of another type, or an option is unknown or invalid.
 * @throws {RangeError} If the delimiter is empty or longer than `max`.
 */
export function delimiter(wanted: Uint8Array | string | number, options: FramerOptions = {}): Framer {
  if (!isDelimiter(wanted)) {
    const found = typeof wanted === "number" ? wanted : describeValue(wanted);
    throw new TypeError(
      `Cannot create a framer with delimiter(): found ${found}, wanted a string, bytes, or one byte from 0 to 255`,
    );
  }
  checkOptions("delimiter", options, OPTIONS);
  const { max = Infinity } = options;
  const end = typeof wanted === "number"
    ? Uint8Array.of(wanted)
    : typeof wanted === "string"
    ? bytes(wanted)
    : wanted.slice();
  if (end.length === 0) {
    throw new RangeError("Cannot create a framer with delimiter(): the delimiter is empty");
  }
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
        // Checked in the whole frame: the payload "a" before the delimiter "aa" would end one byte early.
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

function isDelimiter(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && value >= 0 && value <= 255;
  return typeof value === "string" || value instanceof Uint8Array;
}
