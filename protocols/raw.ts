/**
 * Bytes without frames: whatever has come is a message.
 *
 *     +---------------+
 *     | any bytes ... |
 *     +---------------+
 *
 * Where one message ends and the next begins is up to the network, except over UDP, where each datagram is one.
 *
 * @module
 */

import { bytes, concat, type Protocol } from "@protohost/protohost";

/** Bytes as they come. A message is a copy of them. */
const raw: Protocol<Uint8Array> = {
  name: "raw",
  input: (buffer, connection) => Math.min(buffer.length, connection.limits.maxFrameBytes),
  decode: (frame) => frame.slice(),
  encode: (message) => message,
  parse: bytes,
};

export default raw;

/** Messages to check the protocol with. */
export const samples: Uint8Array[] = [bytes("hello"), Uint8Array.of(0, 10, 13, 255), bytes("é")];

/** What is the same however the bytes were split: all of them. */
export function join(messages: Uint8Array[]): Uint8Array {
  return concat(messages);
}
