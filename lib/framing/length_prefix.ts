/**
 * Frames with their length at their beginning. Pure.
 *
 * @module
 */

import { bytes } from "./bytes.ts";
import { BadFrameError, checkMax, type Framer, type FramerOptions, FrameTooLargeError } from "./framer.ts";
import { checkOptions, maxRule, oneOf, type OptionRule } from "./framer_options.ts";

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
   * How many bytes of the frame stand before the length.
   *
   * @default {0}
   */
  offset?: number;
  /**
   * How many bytes the frame has beside those that the length counts; below 0 if it counts bytes twice. Without
   * `includesHeader` the length is taken to count what follows it.
   *
   * @default {0}
   */
  adjustment?: number;
  /**
   * How many bytes stand before the payload, the length among them. `wrap` leaves the others 0 for the caller to fill in.
   *
   * @default {offset + bytes}
   */
  headerBytes?: number;
  /**
   * How many bytes stand behind the payload. `wrap` leaves them 0 for the caller to fill in.
   *
   * @default {0}
   */
  trailerBytes?: number;
}

const WHOLE: OptionRule = {
  wanted: "a whole number of bytes, at least 0",
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

const OPTIONS: Readonly<Record<keyof LengthPrefixOptions, OptionRule>> = {
  bytes: oneOf(1, 2, 3, 4, 8),
  endian: oneOf("big", "little"),
  includesHeader: { wanted: "true or false", holds: (value) => typeof value === "boolean" },
  offset: WHOLE,
  adjustment: { wanted: "a whole number of bytes", holds: Number.isSafeInteger },
  headerBytes: WHOLE,
  trailerBytes: WHOLE,
  max: maxRule,
};

/**
 * Frames with their length in them, as an unsigned integer:
 *
 *     +---------+--------+---------------+---------+---------+
 *     | offset  | length |               | payload | trailer |
 *     +---------+--------+---------------+---------+---------+
 *     <------------ headerBytes --------->
 *
 * A frame has `length + adjustment` bytes behind the length, or in all if `includesHeader`. For instance
 *
 *     PostgreSQL       { offset: 1, adjustment: -4 }                                      type, length of itself and payload
 *     MySQL            { bytes: 3, endian: "little", adjustment: 1, headerBytes: 4 }      length of payload, sequence
 *     HTTP/2           { bytes: 3, adjustment: 6, headerBytes: 9 }                        length of payload, type, flags, stream
 *     AMQP 0-9-1       { offset: 3, adjustment: 1, trailerBytes: 1 }                      type, channel, length, payload, 0xCE
 *     memcached        { offset: 8, adjustment: 12, headerBytes: 24 }                     header, length of the rest in it
 *
 * @throws {TypeError} If an option is unknown or invalid.
 * @throws {RangeError} If `max` has no room for a frame, or the header none for the length.
 */
export function lengthPrefix(options: LengthPrefixOptions = {}): Framer<Uint8Array<ArrayBuffer>> {
  checkOptions("lengthPrefix", options, OPTIONS);
  const { bytes: size = 4, endian = "big", includesHeader = false, offset = 0, max = Infinity } = options;
  const lengthEnd = offset + size;
  const { adjustment = 0, headerBytes = lengthEnd, trailerBytes = 0 } = options;
  const uncounted = (includesHeader ? 0 : lengthEnd) + adjustment;
  const least = headerBytes + trailerBytes;
  if (headerBytes < lengthEnd) {
    throw new RangeError(
      `Cannot create a framer with lengthPrefix(): headerBytes is ${headerBytes}, wanted at least ${lengthEnd}, where the length ends`,
    );
  }
  checkMax(max, least);
  // Beyond 2^53 a number is no longer exact, and no buffer is that large.
  const most = Math.min(max, Number.MAX_SAFE_INTEGER);
  const field = { offset, size, endian };
  return Object.assign(
    function input(buffer: Uint8Array): number {
      if (buffer.length < lengthEnd) return 0;
      const length = readUint(buffer, field) + uncounted;
      if (length < least) {
        const parts = trailerBytes === 0 ? "its header" : "its header and trailer";
        throw new BadFrameError(
          `Cannot accept the frame: its length is ${length} bytes, wanted at least the ${least} of ${parts}`,
        );
      }
      if (length > most) throw new FrameTooLargeError(length, most);
      return length;
    },
    {
      wrap(payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
        const content = typeof payload === "string" ? bytes(payload) : payload;
        const length = least + content.length;
        const counted = length - uncounted;
        if (counted < 0 || counted >= 256 ** size) {
          throw new BadFrameError(
            `Cannot wrap the payload in a frame: its length is ${counted}, wanted one from 0 to ${
              256 ** size - 1
            } in ${size} bytes`,
          );
        }
        const frame = new Uint8Array(length);
        writeUint(frame, counted, field);
        frame.set(content, headerBytes);
        return frame;
      },
      unwrap: (frame: Uint8Array): Uint8Array => frame.subarray(headerBytes, frame.length - trailerBytes),
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
