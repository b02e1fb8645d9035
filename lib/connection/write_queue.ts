/**
 * The sending half of one connection: one write at a time, everything that one turn sends in one write (contract
 * points 7 and 11).
 *
 * @module
 */

import { SendBuffer } from "./send_buffer.ts";
import type { Transport } from "../transport/transport.ts";

/** Who is told how sending goes. */
export interface WriteEvents {
  /** A write begins. */
  writing(): void;
  /** The operating system took so many bytes. */
  wrote(count: number): void;
  /** `maxBytes` are queued; once until {@linkcode drained}. */
  full(): void;
  /** Less than half of that is queued. */
  drained(): void;
  /** Nothing is queued any more. */
  empty(): void;
  writeFailed(error: unknown): void;
}

/** A queue of bytes and the writes that empty it. */
export class WriteQueue {
  readonly #sender: WriteEvents;
  readonly #maxBytes: number;
  #transport: Transport;
  #buffer: SendBuffer;
  /** While the transport is to be replaced: what must leave before that, if anything is left, and what to do then. */
  #barrier: { before: SendBuffer | undefined; then(): void } | undefined;
  #full = false;
  #writing = false;
  #scheduled = false;
  #stopped = false;
  #waiters: { resolve(): void; reject(error: Error): void }[] | undefined;

  constructor(transport: Transport, sender: WriteEvents, options: { maxBytes: number; separate: boolean }) {
    this.#transport = transport;
    this.#sender = sender;
    this.#maxBytes = options.maxBytes;
    this.#buffer = new SendBuffer({ separate: options.separate });
  }

  /** Bytes accepted and not yet taken by the operating system. */
  get size(): number {
    const before = this.#barrier?.before;
    return before === undefined ? this.#buffer.size : this.#buffer.size + before.size;
  }

  /** Whether nothing more should be accepted. */
  get isFull(): boolean {
    return this.#full && this.#holds(this.#maxBytes);
  }

  push(data: Uint8Array | string): void {
    this.#buffer.push(data);
    if (this.#full || !this.#holds(this.#maxBytes)) return;
    this.#full = true;
    this.#sender.full();
  }

  /** Settles when all that is queued now, and what comes before it is gone, has left. */
  flushed(): Promise<void> {
    if (this.size === 0 && this.#buffer.isEmpty) return Promise.resolve();
    return new Promise((resolve, reject) => (this.#waiters ??= []).push({ resolve, reject }));
  }

  /** Writes at the end of this turn, so that several sends make one write. */
  schedule(): void {
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Writes what is queued, unless a write is under way: then that goes on to the rest. */
  flush(): void {
    if (this.#writing || this.#stopped) return;
    const barrier = this.#barrier;
    const buffer = barrier?.before ?? this.#buffer;
    if (buffer.isEmpty) return this.#emptied();
    if (barrier !== undefined && barrier.before === undefined) return;
    this.#writing = true;
    this.#sender.writing();
    // Made for each write: kept, they would take more room in an idle connection than they take time here.
    this.#transport.write(buffer.head()).then(
      (count) => this.#written(count),
      (error) => this.#failed(error),
    );
  }

  /** Has all that is queued leave, then calls back; what is queued later waits for {@linkcode replace}. */
  barrier(then: () => void): void {
    this.#barrier = { before: this.#buffer, then };
    this.#buffer = new SendBuffer();
    this.schedule();
  }

  /** Goes on over another transport. */
  replace(transport: Transport): void {
    this.#transport = transport;
    this.#barrier = undefined;
    this.flush();
  }

  /** Gives up a barrier, and with it what was to wait for another transport. */
  dropBarrier(): void {
    if (this.#barrier?.before === undefined) return;
    this.#buffer = this.#barrier.before;
    this.#barrier = undefined;
  }

  /** Drops everything. */
  stop(error: Error): void {
    this.#stopped = true;
    this.#buffer.clear();
    if (this.#barrier !== undefined) this.#barrier.before = undefined;
    for (const waiter of this.#takeWaiters()) waiter.reject(error);
  }

  #holds(bytes: number): boolean {
    return this.#barrier === undefined ? this.#buffer.holds(bytes) : this.size >= bytes;
  }

  #takeWaiters(): { resolve(): void; reject(error: Error): void }[] {
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    return waiters;
  }

  #emptied(): void {
    const barrier = this.#barrier;
    if (barrier !== undefined) {
      if (barrier.before === undefined) return;
      barrier.before = undefined;
      return barrier.then();
    }
    if (this.#waiters !== undefined) { for (const waiter of this.#takeWaiters()) waiter.resolve(); }
    this.#sender.empty();
  }

  #written(count: number): void {
    this.#writing = false;
    if (this.#stopped) return;
    (this.#barrier?.before ?? this.#buffer).consume(count);
    this.#sender.wrote(count);
    if (this.#full && this.size < this.#maxBytes / 2) {
      this.#full = false;
      this.#sender.drained();
    }
    this.flush();
  }

  #failed(error: unknown): void {
    this.#writing = false;
    if (!this.#stopped) this.#sender.writeFailed(error);
  }
}
