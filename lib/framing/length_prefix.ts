/**
 * Frames that begin with their length. Pure.
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
   * How many bytes of the frame stand before the length. `wrap` leaves them 0 for the caller to fill in.
   *
   * @default {0}
   */
  offset?: number;
}

const OPTIONS: Readonly<Record<keyof LengthPrefixOptions, OptionRule>> = {
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
 * Frames that begin with their length as an unsigned integer, and with it in them.
 *
 * @throws {TypeError} If it is given an option that is not known, or is not what it must be.
 * @throws {RangeError} If `max` has no room for a frame.
 */
export function lengthPrefix(options: LengthPrefixOptions = {}): Framer<Uint8Array<ArrayBuffer>> {
  checkOptions("lengthPrefix", options, OPTIONS);
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
