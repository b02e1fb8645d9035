/**
 * A protocol of tests, and a server that speaks it.
 *
 * @module
 */

import { type Connection, listen, type Protocol, type Server, text } from "@protohost/protohost";

/** Lines whose command is the first word; each reply answers one request. */
export const ask: Protocol<string> = {
  name: "ask",
  input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
  decode: (frame) => text(frame.subarray(0, -1)),
  encode: (message) => message + "\n",
  command: (message) => message.split(" ")[0],
  answers: (message) => !message.startsWith("*"),
  unavailable: (cause) => `unavailable ${(cause as { code?: string }).code}`,
};

/** Answers each line with "re" and the line. */
export const reHandler = {
  onMessage: (connection: Connection<string>, line: string) => void connection.send(`re ${line}`),
};

/** A server at a free port that does so. */
export async function reServer(): Promise<Server> {
  return await listen("tcp://127.0.0.1:0", { protocol: ask, ...reHandler });
}
