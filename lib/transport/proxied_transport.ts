/**
 * The PROXY protocol on the accepting side: takes a client's address from proxies that are trusted, and from no others.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { type AddressRange, isWithin, parseRange } from "../base/address_range.ts";
import { LayeredTransport } from "./layered.ts";
import { PeerLeftError } from "./peer_left.ts";
import type { Transport } from "./transport.ts";
import { parseProxyHeader, type ProxyHeader, ProxyHeaderError } from "./proxy_header.ts";

/** Larger than any header. */
const HEADER_ROOM = 8192;
/** How many bytes at the start of a stream identify a header. */
const TELLING_BYTES = 12;

/** Trusted addresses and networks in CIDR notation, such as `10.0.0.0/8` or `::1`. */
export class TrustedProxies {
  readonly #ranges: AddressRange[];

  /** @throws {TypeError} If one is neither an address nor a network. */
  constructor(networks: readonly string[]) {
    this.#ranges = networks.map((network) => {
      const [address, bits = "0"] = network.split("/");
      const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
      if (!/^\d+$/.test(bits) || Number(bits) > most) {
        throw new TypeError(`Cannot read the network "${network}": wanted CIDR notation such as 10.0.0.0/8`);
      }
      return parseRange(network);
    });
  }

  /** Whether an address is trusted. Peers of a unix socket are. */
  has(addr: Deno.Addr): boolean {
    return !("hostname" in addr) || isWithin(addr, this.#ranges);
  }
}

/**
 * Reads the header at the start of a trusted proxy's connection.
 *
 * @returns A transport with the addresses from the header.
 * @throws {ProxyHeaderError} If there is none.
 */
export async function takeProxyHeader(transport: Transport): Promise<Transport> {
  const room = new Uint8Array(HEADER_ROOM);
  let held = 0;
  for (;;) {
    const count = await transport.read(room.subarray(held)).catch((error) => {
      throw held > 0 || !(error instanceof Deno.errors.ConnectionReset) ? error : incomplete(held);
    });
    if (count === null) throw incomplete(held);
    held += count;
    const header = parseProxyHeader(room.subarray(0, held));
    if (header !== undefined) return new ProxiedTransport(transport, header, room.slice(header.length, held));
  }
}

function incomplete(held: number): ProxyHeaderError {
  return new ProxyHeaderError(
    `Cannot read a PROXY header: the stream ended ${held} bytes into it`,
    held === 0 ? { cause: new PeerLeftError() } : {},
  );
}

/** A proxied connection: starts behind the header and has the addresses from it. */
class ProxiedTransport extends LayeredTransport {
  #rest: Uint8Array;

  constructor(base: Transport, header: ProxyHeader, rest: Uint8Array) {
    const { destination: localAddr = base.localAddr, source: remoteAddr = base.remoteAddr } = header;
    super(base, { localAddr, remoteAddr });
    this.#rest = rest;
  }

  override read(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) return this.base.read(into);
    const count = Math.min(this.#rest.length, into.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return Promise.resolve(count);
  }
}

/** A connection from an untrusted peer: a PROXY header at its start is forged and ends it. */
export class UntrustedTransport extends LayeredTransport {
  #start: Uint8Array | undefined = new Uint8Array(0);

  override async read(into: Uint8Array): Promise<number | null> {
    const count = await this.base.read(into);
    if (this.#start !== undefined && count !== null) this.#examine(into.subarray(0, count));
    return count;
  }

  #examine(more: Uint8Array): void {
    const start = Uint8Array.of(...this.#start!, ...more.subarray(0, TELLING_BYTES - this.#start!.length));
    let isHeader;
    try {
      parseProxyHeader(start);
      isHeader = start.length === TELLING_BYTES;
    } catch {
      this.#start = undefined;
      return;
    }
    if (isHeader) {
      throw new ProxyHeaderError("Cannot take a PROXY header: its sender is not in acceptProxyProtocol");
    }
    this.#start = start;
  }
}
