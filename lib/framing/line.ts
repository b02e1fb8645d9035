/**
 * Frames that are lines. Pure.
 *
 * @module
 */

import { bytes, concat } from "./bytes.ts";
import { checkLength, checkMax, type Framer, type FramerOptions, unwrappable } from "./framer.ts";
import { checkOptions, maxRule, oneOf } from "./framer_options.ts";

/** How lines end. */
export interface LineOptions extends FramerOptions {
  /**
   * What `wrap` ends a line with. Both are read.
   *
   * @default {"\n"}
   */
  ending?: "\n" | "\r\n";
}

const LF = 0x0a;
const CR = 0x0d;

const OPTIONS = { max: maxRule, ending: oneOf("\n", "\r\n") };

/**
 * Frames that end with `\n`, and with it in them. `unwrap` takes off `\n` or `\r\n`.
 *
 * @throws {TypeError} If it is given an option that is not known, or is not what it must be.
 * @throws {RangeError} If `max` has no room for a frame.
 */
export function line(options: LineOptions = {}): Framer {
  checkOptions("line", options, OPTIONS);
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
