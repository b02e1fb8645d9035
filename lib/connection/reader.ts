/**
 * The reading half of one connection: one read at a time into the frame buffer, or what a closing connection discards.
 *
 * @module
 */

import type { FrameLoop } from "../framing/frame_loop.ts";
import type { Transport } from "../transport/transport.ts";

/** The most that a closing connection discards while the peer still sends. */
export const LINGER_BYTES = 1024 * 1024;

/** Who is told what is read. */
export interface ReadEvents {
  /** So many bytes are in the room that the buffer gave. */
  received(count: number): void;
  /** A datagram. */
  datagram(bytes: Uint8Array<ArrayBuffer>): void;
  /** The peer has ended its half. */
  endOfStream(): void;
  readFailed(error: unknown): void;
}

/** Reads until the end of the stream, until it is stopped, or until something else takes the transport over. */
export class Reader {
  readonly #frameLoop: FrameLoop;
  readonly #read: ReadEvents;
  #transport: Transport;
  #stopped = false;
  /** How many bytes have been thrown away; undefined while none are to be. */
  #discarded: number | undefined;
  #pending = false;
  #yielding = false;
  #handOver: ((bytes: Uint8Array | null) => void) | undefined;
  #wake: (() => void) | undefined;

  /** @param delivery Whose buffer is read into; while something holds it back no datagram is read. */
  constructor(transport: Transport, delivery: FrameLoop, read: ReadEvents) {
    this.#transport = transport;
    this.#frameLoop = delivery;
    this.#read = read;
  }

  /** Whether more has been discarded than a closing connection puts up with. */
  get discardLimitReached(): boolean {
    return this.#discarded !== undefined && this.#discarded > LINGER_BYTES;
  }

  /** Reads on until one of the ends; nothing that fails is thrown. */
  run(): Promise<void> {
    return this.#transport.receive === undefined ? this.#stream() : this.#datagrams();
  }

  /** Goes on after the buffer was full, or delivery held back. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Throws away what comes from now on. */
  discard(): void {
    this.#discarded ??= 0;
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
  }

  /** Leaves the transport to another reader after the pass that is under way. */
  yield(): void {
    this.#yielding = true;
  }

  /** What a read that is pending will bring to the other reader. */
  takeOver(): Promise<Uint8Array | null> | undefined {
    if (this.#pending) return new Promise((resolve) => this.#handOver = resolve);
    const { buffer } = this.#frameLoop;
    return buffer.length > 0 ? Promise.resolve(buffer.takeRest()) : undefined;
  }

  /** Reads from another transport. */
  replace(transport: Transport): void {
    this.#transport = transport;
    this.#yielding = false;
    this.#handOver = undefined;
    this.run();
  }

  async #stream(): Promise<void> {
    const { buffer } = this.#frameLoop;
    try {
      while (!this.#stopped) {
        if (this.#discarded !== undefined ? this.discardLimitReached : buffer.isFull) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          continue;
        }
        const room = buffer.room();
        this.#pending = true;
        const count = await this.#transport.read(room);
        this.#pending = false;
        if (this.#handOver !== undefined) return this.#handOver(count === null ? null : room.slice(0, count));
        if (count === null) return this.#read.endOfStream();
        if (this.#discarded !== undefined) this.#discarded += count;
        this.#read.received(count);
        if (this.#yielding) return;
      }
    } catch (error) {
      this.#read.readFailed(error);
    }
  }

  async #datagrams(): Promise<void> {
    try {
      while (!this.#stopped) {
        if (!this.#frameLoop.isFree && this.#discarded === undefined) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          continue;
        }
        const datagram = await this.#transport.receive!();
        if (datagram === null) return this.#read.endOfStream();
        this.#read.datagram(datagram);
      }
    } catch (error) {
      this.#read.readFailed(error);
    }
  }
}
