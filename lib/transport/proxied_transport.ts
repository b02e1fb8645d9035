/**
 * The PROXY protocol on the accepting side: whom a connection is really from, and nobody's word for it but that of the
 * proxies we know.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { type AddressRange, isWithin, parseRange } from "../base/address_range.ts";
import { LayeredTransport } from "./layered.ts";
import type { Transport } from "./transport.ts";
import { parseProxyHeader, type ProxyHeader, ProxyHeaderError } from "./proxy_header.ts";

/** More than any header takes. */
const HEADER_ROOM = 8192;
/** So many bytes at the start of a stream tell whether it begins with a header. */
const TELLING_BYTES = 12;

/** Addresses and networks in CIDR notation, such as `10.0.0.0/8` or `::1`. */
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

  /** Whether an address is one of them. Whoever comes by a unix socket is. */
  has(addr: Deno.Addr): boolean {
    return !("hostname" in addr) || isWithin(addr, this.#ranges);
  }
}

/**
 * Reads the header that a trusted proxy begins with.
 *
 * @returns A transport with the addresses that the header tells.
 * @throws {ProxyHeaderError} If there is none.
 */
export async function takeProxyHeader(transport: Transport): Promise<Transport> {
  const room = new Uint8Array(HEADER_ROOM);
  let held = 0;
  for (;;) {
    const count = await transport.read(room.subarray(held));
    if (count === null) {
      throw new ProxyHeaderError("Cannot read a PROXY header: the stream ended before it did");
    }
    held += count;
    const header = parseProxyHeader(room.subarray(0, held));
    if (header !== undefined) return new ProxiedTransport(transport, header, room.slice(header.length, held));
  }
}

/** A connection behind a proxy: begins with what came behind the header, and has the addresses that it told. */
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

/** A connection of somebody whose word is not taken: a PROXY header at its start is forged, and ends it. */
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
