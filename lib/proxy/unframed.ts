/**
 * The codec of a direction that is not split into frames.
 *
 * @module
 */

import { type Codec, skip } from "../contract/protocol.ts";

/** Whatever has arrived is one frame, and no message. */
export const UNFRAMED: Codec<never> = {
  input: (buffer) => buffer.length,
  decode: () => skip,
  // An empty datagram.
  end: () => skip,
  encode: (message) => message,
};
