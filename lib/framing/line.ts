/**
 * Frames that are lines. Pure.
 *
 * @module
 */

import { bytes, concat } from "./bytes.ts";
import { checkLength, checkMax, type Framer, type FramerOptions, unwrappable } from "./framer.ts";
import { checkOptions, maxRule, oneOf } from "./framer_options.ts";
import { type LineDecoder, lineDecoder, type ReadLine } from "./line_decoder.ts";

/** How lines end. */
export interface LineOptions extends FramerOptions {
  /**
   * What `wrap` ends a line with. Both are read.
   *
   * @default {"\n"}
   */
  ending?: "\n" | "\r\n";
}

/** The framer of lines. */
export interface LineFramer extends Framer {
  /**
   * Makes a `decode` that reads a line as text (UTF-8) without its end. Lines that came together are read at once then,
   * which is several times as fast as `text(unwrap(frame))` and means the same; so long as one of them is kept, up to 4
   * KiB of its neighbours are too.
   */
  decoder<M, S = unknown>(read: ReadLine<M, S>): LineDecoder<M, S>;
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
export function line(options: LineOptions = {}): LineFramer {
  checkOptions("line", options, OPTIONS);
  const { max = Infinity, ending = "\n" } = options;
  const end = bytes(ending);
  checkMax(max, ending.length);
  function input(buffer: Uint8Array, _connection?: unknown, from = 0): number {
    return checkLength(buffer.indexOf(LF, from) + 1, buffer.length, max);
  }
  return Object.assign(
    input,
    {
      decoder<M, S>(read: ReadLine<M, S>): LineDecoder<M, S> {
        return lineDecoder({ input, max, unwrap: unwrapLine }, read);
      },
      wrap(payload: Uint8Array | string): Uint8Array | string {
        if (typeof payload === "string") {
          if (payload.includes("\n") || payload.endsWith("\r")) throw unwrappable(ending);
          return payload + ending;
        }
        if (payload.includes(LF) || payload.at(-1) === CR) throw unwrappable(ending);
        return concat([payload, end]);
      },
      unwrap: unwrapLine,
    },
  );
}

function unwrapLine(frame: Uint8Array): Uint8Array {
  let length = frame.length;
  if (frame[length - 1] === LF && frame[--length - 1] === CR) length--;
  return frame.subarray(0, length);
}
