/**
 * The same services on `Bun.listen`.
 *
 *     bun bun.ts PORT jsonnl|text|frame
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { answererOf } from "./chunks.mjs";

/** What a connection keeps: its answers, and what it has not taken yet. */
interface State {
  answer(chunk: Buffer): string | Buffer;
  owed: Buffer | undefined;
}

/** Of Bun's socket, what is used here. */
interface Socket {
  data: State;
  write(data: string | Buffer): number;
  end(): void;
}

interface Bun {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: Socket): void;
      data(socket: Socket, chunk: Buffer): void;
      drain(socket: Socket): void;
      error(socket: Socket): void;
    };
  }): unknown;
}

const [port, format] = process.argv.slice(2);

(globalThis as unknown as { Bun: Bun }).Bun.listen({
  hostname: "127.0.0.1",
  port: Number(port),
  socket: {
    open(socket) {
      socket.data = { answer: answererOf(format), owed: undefined };
    },
    data(socket, chunk) {
      const reply = socket.data.answer(chunk);
      if (reply.length > 0) send(socket, reply);
    },
    drain(socket) {
      const { owed } = socket.data;
      socket.data.owed = undefined;
      if (owed !== undefined) send(socket, owed);
    },
    error(socket) {
      socket.end();
    },
  },
});

function send(socket: Socket, reply: string | Buffer): void {
  const { data } = socket;
  if (data.owed !== undefined) {
    data.owed = Buffer.concat([data.owed, Buffer.from(reply as string)]);
    return;
  }
  const written = socket.write(reply);
  if (written < 0) return;
  if (written < Buffer.byteLength(reply)) data.owed = Buffer.from(reply as string).subarray(written);
}
