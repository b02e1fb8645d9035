/**
 * UDP as connections: each remote address is one, from its first datagram until it has been idle.
 *
 * @module
 */

import type { Transport } from "./transport.ts";

/** How many datagrams of one address may wait; further ones are dropped. */
const WAITING_DATAGRAMS = 64;
/** More than the largest payload of a datagram over IPv4 or IPv6. */
const DATAGRAM_BYTES = 65_536;

/** A socket that sorts datagrams by remote address. */
export class DatagramListener {
  readonly #socket: Deno.DatagramConn;
  readonly #peers: Map<string, DatagramTransport> = new Map();
  readonly #dropped: (from: Deno.Addr) => void;

  /** @param dropped Called when a datagram is dropped because its connection's queue is full. */
  constructor(socket: Deno.DatagramConn, dropped: (from: Deno.Addr) => void) {
    this.#socket = socket;
    this.#dropped = dropped;
  }

  get addr(): Deno.Addr {
    return this.#socket.addr;
  }

  /** Waits for a datagram from an address that has no connection yet. */
  async accept(): Promise<DatagramTransport> {
    const room = new Uint8Array(DATAGRAM_BYTES);
    for (;;) {
      const [datagram, from] = await this.#socket.receive(room);
      const { hostname, port } = from as Deno.NetAddr;
      const key = `${hostname} ${port}`;
      const known = this.#peers.get(key);
      const peer = known ?? new DatagramTransport(this.#socket, from, () => this.#peers.delete(key));
      if (!peer.take(datagram.slice())) this.#dropped(from);
      if (known !== undefined) continue;
      this.#peers.set(key, peer);
      return peer;
    }
  }

  /** Closes the socket and the connections over it. */
  close(): void {
    this.#socket.close();
    for (const peer of this.#peers.values()) peer.close();
  }
}

/** Datagrams from and to one address. */
export class DatagramTransport implements Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #socket: Deno.DatagramConn;
  readonly #closed: () => void;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #awaiting: ((datagram: Uint8Array<ArrayBuffer> | null) => void) | undefined;
  #open = true;

  constructor(socket: Deno.DatagramConn, remote: Deno.Addr, closed: () => void) {
    this.#socket = socket;
    this.#closed = closed;
    this.localAddr = socket.addr;
    this.remoteAddr = remote;
  }

  /** Queues a datagram; false if it had to be dropped. */
  take(datagram: Uint8Array<ArrayBuffer>): boolean {
    const awaiting = this.#awaiting;
    if (awaiting !== undefined) {
      this.#awaiting = undefined;
      awaiting(datagram);
      return true;
    }
    return this.#waiting.length < WAITING_DATAGRAMS && this.#waiting.push(datagram) > 0;
  }

  receive(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.shift()!);
    if (!this.#open) return Promise.resolve(null);
    return new Promise((resolve) => this.#awaiting = resolve);
  }

  /** Sends one datagram. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#socket.send(bytes, this.remoteAddr);
    return bytes.length;
  }

  read(): Promise<number | null> {
    return Promise.reject(new TypeError("Cannot read a stream over UDP: datagrams are received whole"));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed();
    this.#awaiting?.(null);
    this.#awaiting = undefined;
  }
}

/** A client's end of UDP: a socket of its own that takes datagrams of one address only. */
export function dialDatagrams(remote: Deno.NetAddr): Transport {
  const hostname = remote.hostname.includes(":") ? "::" : "0.0.0.0";
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const transport = new DatagramTransport(socket, remote, () => socket.close());
  receiveAll(socket, transport);
  return transport;
}

async function receiveAll(socket: Deno.DatagramConn, into: DatagramTransport): Promise<void> {
  const { hostname, port } = into.remoteAddr as Deno.NetAddr;
  const room = new Uint8Array(DATAGRAM_BYTES);
  try {
    for (;;) {
      const [datagram, from] = await socket.receive(room) as [Uint8Array, Deno.NetAddr];
      if (from.hostname === hostname && from.port === port) into.take(datagram.slice());
    }
  } catch {
    into.close();
  }
}
