/**
 * The memory in which a codec under test gets its bytes, chosen so that mistakes with memory show.
 *
 * @module
 */

import type { Codec } from "../contract/protocol.ts";

/**
 * In what memory a codec gets bytes: the loop's own buffer, as when served; new memory for each call; a view with other
 * bytes on both sides; or memory that is overwritten after each call.
 */
export type Handling = "served" | "own" | "window" | "overwrite";

type Lend = <T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T) => T;

/** The bytes before and after a view. */
const MARGIN_BYTES = 7;
const FOREIGN = 0xee;

/** The same codec, given such memory. */
export function lend(codec: Codec<unknown>, handling: Handling): Codec<unknown> {
  switch (handling) {
    case "served":
      return codec;
    case "own":
      return lending(codec, inOwn);
    case "window":
      return lending(codec, inWindow);
    case "overwrite":
      return lending(codec, overwritten);
    default:
      return handling satisfies never;
  }
}

function lending(codec: Codec<unknown>, lend: Lend): Codec<unknown> {
  return {
    input: (buffer, peer, from) => lend(buffer, (bytes) => codec.input(bytes, peer, from)),
    decode: (frame, peer) => lend(frame, (bytes) => codec.decode(bytes, peer)),
    encode: (message, peer) => codec.encode(message, peer),
  };
}

function inOwn<T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T): T {
  return use(bytes.slice());
}

function inWindow<T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T): T {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN_BYTES).fill(FOREIGN);
  memory.set(bytes, MARGIN_BYTES);
  return use(memory.subarray(MARGIN_BYTES, MARGIN_BYTES + bytes.length));
}

function overwritten<T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T): T {
  const lent = bytes.slice();
  try {
    return use(lent);
  } finally {
    // Every bit is flipped: a codec that kept the bytes has others now, whatever they were.
    for (let at = 0; at < lent.length; at++) lent[at] ^= 0xff;
  }
}
