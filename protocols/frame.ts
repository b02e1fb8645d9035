/**
 * Length-prefixed frames, as Workerman's `Frame` writes them.
 *
 *     0               4
 *     +---------------+---------------------+
 *     | length N      | N - 4 bytes payload |
 *     +---------------+---------------------+
 *
 * The length is 32 bits, most significant byte first, and counts its own four bytes: an empty payload is 00 00 00 04.
 * A message is the payload.
 *
 * @module
 */

import { bytes, lengthPrefix, type Protocol } from "@protohost/protohost";

const HEADER_BYTES = 4;

const frames = lengthPrefix({ bytes: HEADER_BYTES, includesHeader: true });

/** Length-prefixed frames. A message is a copy of the payload. */
const frame: Protocol<Uint8Array> = {
  name: "frame",
  input: frames,
  decode: (bytes) => bytes.slice(HEADER_BYTES),
  encode: (message) => frames.wrap(message),
  parse: bytes,
};

export default frame;

/** Messages to check the protocol with. */
export const samples: Uint8Array[] = [
  bytes("hello"),
  new Uint8Array(0),
  Uint8Array.of(0, 0, 0, 4, 255),
  new Uint8Array(300).fill(7),
];
