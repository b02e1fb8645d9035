/**
 * One end of the pipe between a server and a child process: messages as lines of JSON, over a descriptor beside the
 * standard streams. The channel of `node:child_process` would do the same, but it takes messages of any size and cannot
 * be paused.
 *
 * @module
 */

import { Socket } from "node:net";
import { MessageLines, toLine } from "../spec/message_lines.ts";

/** The descriptor of the pipe in a child process. */
export const PIPE_DESCRIPTOR = 3;

/** What an end of the pipe reports. */
export interface PipeEvents {
  message(value: unknown): void;
  /** A line that is too long or no JSON. Nothing is read after it. */
  badLine(error: Error): void;
  /** The other end has closed, or is gone. */
  closed(): void;
}

/** One end of the pipe. */
export class MessagePipe {
  readonly #socket: Socket;
  readonly #lines: MessageLines = new MessageLines();

  constructor(socket: Socket, events: PipeEvents) {
    this.#socket = socket;
    // It is closed after an error.
    socket.on("error", () => {});
    socket.on("close", events.closed);
    socket.on("end", events.closed);
    socket.on("data", (bytes: Uint8Array) => {
      try {
        for (const message of this.#lines.take(bytes)) events.message(message);
      } catch (error) {
        socket.pause();
        events.badLine(error as Error);
      }
    });
  }

  /** How many bytes wait for the other end to read. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Sends a message; does nothing if the pipe is closed. @throws {TypeError | RangeError} If JSON cannot carry it. */
  post(message: object): void {
    if (this.#socket.writable) this.#socket.write(toLine(message));
  }

  /** Closes the pipe; what waits to be sent is dropped. */
  close(): void {
    this.#socket.destroy();
  }
}

/** The child's end. @throws If there is no such descriptor. */
export function openChildEnd(events: PipeEvents): MessagePipe {
  return new MessagePipe(new Socket({ fd: PIPE_DESCRIPTOR, readable: true, writable: true }), events);
}
