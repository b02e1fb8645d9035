/**
 * UDP as connections: each remote address is one, from its first datagram on.
 *
 * | peers     | who                        | given up                                              |
 * | --------- | -------------------------- | ----------------------------------------------------- |
 * | newcomers | sent one datagram so far   | first, the one silent longest before the others       |
 * | known     | sent several               | only when there are no newcomers, in the same order   |
 *
 * Receiving never waits: not for a connection, not for `accept`. What does not fit in the queues is dropped, and reported.
 *
 * @module
 */

import { DatagramTransport } from "./datagram_transport.ts";
import type { Transport } from "./transport.ts";

/** The most that waits of all addresses of a socket. */
const WAITING_BYTES = 16 * 1024 ** 2;
/** So many new addresses may wait for `accept`. */
const WAITING_PEERS = 1024;
/** The largest payload of a datagram over IPv4 or IPv6, and then some. */
const DATAGRAM_BYTES = 65_536;
/** A socket that sorts datagrams by the address they come from. */
export class DatagramListener {
  readonly #socket: Deno.DatagramConn;
  /** By address; those silent longest first. */
  readonly #newcomers: Map<string, DatagramTransport> = new Map();
  readonly #known: Map<string, DatagramTransport> = new Map();
  readonly #dropped: (from: Deno.Addr) => void;
  /** New peers that nobody has accepted. */
  readonly #fresh: DatagramTransport[] = [];
  #accepting: PromiseWithResolvers<DatagramTransport> | undefined;
  #failure: unknown;
  #receiving = false;
  #closed = false;
  #waitingBytes = 0;

  /** @param dropped Called with the sender of a datagram that found a queue full. */
  constructor(socket: Deno.DatagramConn, dropped: (from: Deno.Addr) => void) {
    this.#socket = socket;
    this.#dropped = dropped;
  }

  get addr(): Deno.Addr {
    return this.#socket.addr;
  }

  /** Waits for a datagram from an address that has no connection yet. */
  accept(): Promise<DatagramTransport> {
    if (!this.#receiving) this.#receive();
    const peer = this.#fresh.shift();
    if (peer !== undefined) return Promise.resolve(peer);
    if (this.#failure !== undefined) return Promise.reject(this.#takeFailure());
    return (this.#accepting ??= Promise.withResolvers()).promise;
  }

  /** Closes the connection that has been silent longest, other than this one. Returns whether there was one. */
  evict(except: Transport): boolean {
    for (const peers of [this.#newcomers, this.#known]) {
      for (const peer of peers.values()) {
        if (peer === except) continue;
        peer.discard();
        return true;
      }
    }
    return false;
  }

  /** Closes the socket, and so the connections over it. */
  close(): void {
    this.#closed = true;
    this.#socket.close();
    for (const peers of [this.#newcomers, this.#known]) for (const peer of [...peers.values()]) peer.close();
    this.#fail(new Deno.errors.BadResource("The socket is closed"));
  }

  async #receive(): Promise<void> {
    this.#receiving = true;
    const room = new Uint8Array(DATAGRAM_BYTES);
    try {
      for (;;) {
        const [datagram, from] = await this.#socket.receive(room);
        this.#take(datagram, from as Deno.NetAddr);
      }
    } catch (error) {
      this.#receiving = false;
      if (!this.#closed) this.#fail(error);
    }
  }

  #take(datagram: Uint8Array, from: Deno.NetAddr): void {
    const key = `${from.hostname} ${from.port}`;
    const peer = this.#newcomers.get(key) ?? this.#known.get(key);
    if (peer === undefined) return this.#greet(key, datagram, from);
    this.#promote(key, peer);
    if (this.#waitingBytes > WAITING_BYTES || !peer.take(datagram.slice())) this.#dropped(from);
  }

  #greet(key: string, datagram: Uint8Array, from: Deno.NetAddr): void {
    if (this.#fresh.length >= WAITING_PEERS) return this.#dropped(from);
    const peer = new DatagramTransport(this.#socket, from, {
      closed: () => {
        this.#newcomers.delete(key);
        this.#known.delete(key);
      },
      sent: () => this.#touch(key, peer),
      waits: (bytes) => void (this.#waitingBytes += bytes),
    });
    this.#newcomers.set(key, peer);
    peer.take(datagram.slice());
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#fresh.push(peer);
    else accepting.resolve(peer);
  }

  /** A peer has sent again, and is known from now on. */
  #promote(key: string, peer: DatagramTransport): void {
    this.#newcomers.delete(key);
    this.#known.delete(key);
    this.#known.set(key, peer);
  }

  /** A peer is sent something. */
  #touch(key: string, peer: DatagramTransport): void {
    const peers = this.#known.has(key) ? this.#known : this.#newcomers;
    if (peers.delete(key)) peers.set(key, peer);
  }

  #fail(error: unknown): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#failure = error;
    else accepting.reject(error);
  }

  #takeFailure(): unknown {
    const failure = this.#failure;
    if (!this.#closed) this.#failure = undefined;
    return failure;
  }
}

/** A client's end of UDP: a socket of its own that hears one address only. */
export function dialDatagrams(remote: Deno.NetAddr): Transport {
  const hostname = remote.hostname.includes(":") ? "::" : "0.0.0.0";
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const transport = new DatagramTransport(socket, remote, { closed: () => socket.close() });
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
