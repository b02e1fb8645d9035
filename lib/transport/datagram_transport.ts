/**
 * Datagrams from and to one remote address.
 *
 * @module
 */

import { plainAddr } from "./plain_addr.ts";
import type { Transport } from "./transport.ts";

/** So many datagrams may wait; later ones are lost, as in any full queue of a network. */
const WAITING_DATAGRAMS = 64;
/** The largest datagram that can be sent over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;
/** What the headers of IPv4 and UDP add to a datagram. */
export const DATAGRAM_OVERHEAD = 28;

/** Whom a datagram transport tells what happens to it. */
export interface DatagramEvents {
  closed(): void;
  sent?(): void;
  /** So many bytes more, or fewer, wait to be received. */
  waits?(bytes: number): void;
}

/** Datagrams from and to one address. */
export class DatagramTransport implements Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #socket: Deno.DatagramConn;
  /** As the socket knows it. */
  readonly #remote: Deno.Addr;
  readonly #events: DatagramEvents;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #awaiting: ((datagram: Uint8Array<ArrayBuffer> | null) => void) | undefined;
  #open = true;

  constructor(socket: Deno.DatagramConn, remote: Deno.Addr, events: DatagramEvents) {
    this.#socket = socket;
    this.#events = events;
    this.localAddr = socket.addr;
    this.#remote = remote;
    this.remoteAddr = plainAddr(remote);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Takes a datagram in; false if it had to be dropped. */
  take(datagram: Uint8Array<ArrayBuffer>): boolean {
    const awaiting = this.#awaiting;
    if (awaiting !== undefined) {
      this.#awaiting = undefined;
      awaiting(datagram);
      return true;
    }
    if (this.#waiting.length >= WAITING_DATAGRAMS) return false;
    this.#waiting.push(datagram);
    this.#events.waits?.(datagram.length);
    return true;
  }

  receive(): Promise<Uint8Array<ArrayBuffer> | null> {
    const first = this.#waiting.shift();
    if (first !== undefined) {
      this.#events.waits?.(-first.length);
      return Promise.resolve(first);
    }
    if (!this.#open) return Promise.resolve(null);
    return new Promise((resolve) => this.#awaiting = resolve);
  }

  /** Sends one datagram. */
  async write(bytes: Uint8Array): Promise<number> {
    this.#events.sent?.();
    await this.#socket.send(bytes, this.#remote);
    return bytes.length;
  }

  read(): Promise<number | null> {
    return Promise.reject(new TypeError("Cannot read a stream: datagrams are received whole"));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /** Closes it, and drops what waits. */
  discard(): void {
    for (const datagram of this.#waiting.splice(0)) this.#events.waits?.(-datagram.length);
    this.close();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events.closed();
    this.#awaiting?.(null);
    this.#awaiting = undefined;
  }
}
