/**
 * A transport as a `node:stream` Duplex, which is what `node:tls` stands on.
 *
 * @module
 */

import { Duplex } from "node:stream";
import { closeQuietly, type Transport, writeAll } from "./transport.ts";

const READ_BYTES = 16 * 1024;

/** Wraps a transport. `first` is the result of a read that is already pending on it. */
export class TransportDuplex extends Duplex {
  readonly #base: Transport;
  #first: Promise<Uint8Array | null> | undefined;
  #isFull: () => boolean = () => false;
  /** Whether the stream wants data that {@linkcode TransportDuplex.pauseWhile} has held back. */
  #isHeldBack = false;
  #peerEnded = false;
  #hasRead = false;

  constructor(base: Transport, first?: Promise<Uint8Array | null>) {
    super({ allowHalfOpen: true });
    this.#base = base;
    this.#first = first;
  }

  /** Whether the peer has sent anything. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** Whether the peer has ended its half of the transport. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Stops reading while this answers true: `node:tls` buffers all that it is given, without a limit. */
  pauseWhile(isFull: () => boolean): void {
    this.#isFull = isFull;
  }

  /** Resumes reading if nothing holds it back any more. */
  resumeReading(): void {
    if (!this.#isHeldBack || this.#isFull()) return;
    this.#isHeldBack = false;
    this.#feed();
  }

  override _read(): void {
    if (this.#isFull()) this.#isHeldBack = true;
    else this.#feed();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    writeAll(this.#base, chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#base.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    closeQuietly(this.#base);
    done(error);
  }

  #feed(): void {
    this.#next().then((chunk) => {
      this.#peerEnded ||= chunk === null;
      this.#hasRead ||= chunk !== null;
      this.push(chunk);
    }, (error) => this.destroy(error));
  }

  async #next(): Promise<Uint8Array | null> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return await first;
    const room = new Uint8Array(READ_BYTES);
    const count = await this.#base.read(room);
    return count === null ? null : room.subarray(0, count);
  }
}
