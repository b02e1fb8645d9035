/**
 * Echo (RFC 862): sends back what it receives.
 *
 *     +---------------+
 *     | any bytes ... |
 *     +---------------+
 *
 * It needs no handler. A handler with `onMessage` or `transmission` replaces the built-in answer.
 *
 * @module
 */

import { bytes, concat, type Handler, type Protocol } from "@protohost/protohost";

/** Sends back what it receives, unless a handler says otherwise. */
const echo: Protocol<Uint8Array> = {
  name: "echo",
  input: (buffer, connection) => Math.min(buffer.length, connection.limits.maxFrameBytes),
  decode: (frame) => frame.slice(),
  encode: (message) => message,
  parse: bytes,
  // An empty datagram.
  end: (rest) => rest.slice(),
  callbacks: [],
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

/** All the bytes, the same however they were split. */
export function join(messages: Uint8Array[]): Uint8Array {
  return concat(messages);
}
