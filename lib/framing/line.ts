/**
 * Frames that are lines of text. Pure.
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
   * What `wrap` ends a line with. Both are read. A line that ends with `\r` gets `\r\n` in either case, since `\n`
   * alone would make that `\r` a part of its end.
   *
   * @default {"\n"}
   */
  ending?: "\n" | "\r\n";
}

/** The framer of lines. */
export interface LineFramer extends Framer {
  /**
   * Appends the line end to a payload. A line end that it already has is not doubled.
   *
   * @throws {BadFrameError} If the payload contains another `\n`: the peer would read two lines.
   */
  wrap(payload: Uint8Array | string): Uint8Array | string;
  /**
   * Makes a `decode` that is given each line as text (UTF-8) without its end. Lines that arrive together are decoded
   * together: several times faster than `text(unwrap(frame))`, with the same result. While one of these lines is kept,
   * up to 4 KiB of the lines around it stay in memory too.
   */
  decoder<M, S = unknown>(read: ReadLine<M, S>): LineDecoder<M, S>;
}

const LF = 0x0a;
const CR = 0x0d;
const CRLF = bytes("\r\n");

const OPTIONS = { max: maxRule, ending: oneOf("\n", "\r\n") };

/**
 * Frames that end with `\n`; the frame includes it. `unwrap` removes `\n` or `\r\n`.
 *
 * @throws {TypeError} If an option is unknown or invalid.
 * @throws {RangeError} If `max` is too small for any frame.
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
          const line = payload.includes("\n") ? withoutEnd(payload, ending) : payload;
          return line + (line.charCodeAt(line.length - 1) === CR ? "\r\n" : ending);
        }
        const line = unwrapLine(payload);
        if (line.includes(LF)) throw unwrappable(ending);
        return concat([line, line.at(-1) === CR ? CRLF : end]);
      },
      unwrap: unwrapLine,
    },
  );
}

/** Takes off the one line end that a payload may have. */
function withoutEnd(payload: string, ending: string): string {
  const line = payload.slice(0, payload.endsWith("\r\n") ? -2 : -1);
  if (!payload.endsWith("\n") || line.includes("\n")) throw unwrappable(ending);
  return line;
}

function unwrapLine(frame: Uint8Array): Uint8Array {
  let length = frame.length;
  if (frame[length - 1] === LF && frame[--length - 1] === CR) length--;
  return frame.subarray(0, length);
}
