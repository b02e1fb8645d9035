/**
 * Bytes without frames: each read is a message.
 *
 *     +---------------+
 *     | any bytes ... |
 *     +---------------+
 *
 * Where a message ends is up to the network, except over UDP, where each datagram is one.
 *
 * @module
 */

import { bytes, concat, type Protocol } from "@protohost/protohost";

/** Bytes as they arrive. A message is a copy of them. */
const raw: Protocol<Uint8Array> = {
  name: "raw",
  input: (buffer, connection) => Math.min(buffer.length, connection.limits.maxFrameBytes),
  decode: (frame) => frame.slice(),
  encode: (message) => message,
  parse: bytes,
  // An empty datagram.
  end: (rest) => rest.slice(),
};

export default raw;

/** Messages to check the protocol with. */
export const samples: Uint8Array[] = [bytes("hello"), Uint8Array.of(0, 10, 13, 255), bytes("é")];

/** All the bytes, the same however they were split. */
export function join(messages: Uint8Array[]): Uint8Array {
  return concat(messages);
}
