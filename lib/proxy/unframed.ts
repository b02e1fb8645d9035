/**
 * The codec of a direction that nobody looks into.
 *
 * @module
 */

import { type Codec, skip } from "../contract/protocol.ts";

/** Cuts nothing: what has come goes on as it is. */
export const UNFRAMED: Codec<never> = {
  input: (buffer) => buffer.length,
  decode: () => skip,
  // An empty datagram.
  end: () => skip,
  encode: (message) => message,
};
