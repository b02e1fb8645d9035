/**
 * Echo (RFC 862): each byte that comes is sent back.
 *
 *     +---------------+
 *     | any bytes ... |
 *     +---------------+
 *
 * It needs no handler. One that has `onMessage` or `transmission` takes the place of the built-in answer.
 *
 * @module
 */

import { bytes, concat, type Handler, type Protocol } from "@protohost/protohost";

/** Bytes as they come, sent back unless a handler says otherwise. */
const echo: Protocol<Uint8Array> = {
  name: "echo",
  input: (buffer, connection) => Math.min(buffer.length, connection.limits.maxFrameBytes),
  decode: (frame) => frame.slice(),
  encode: (message) => message,
  parse: bytes,
  service(user): Handler<Uint8Array> {
    const handler = (user ?? {}) as Handler<Uint8Array>;
    if (handler.onMessage || handler.transmission) return handler;
    return {
      ...handler,
      onMessage(connection, message) {
        connection.send(message);
      },
    };
  },
};

export default echo;

/** Messages to check the protocol with. */
export const samples: Uint8Array[] = [bytes("hello"), Uint8Array.of(0, 10, 13, 255), bytes("é")];

/** What is the same however the bytes were split: all of them. */
export function join(messages: Uint8Array[]): Uint8Array {
  return concat(messages);
}
