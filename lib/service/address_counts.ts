/**
 * How many connections an address, and a network, has. Pure.
 *
 * An IPv6 address is counted as its /64: whoever has one has all of them. A network is a /24 of IPv4 or a /48 of IPv6.
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { formatAddr } from "../contract/endpoint.ts";
import type { Limits } from "../contract/limits.ts";

/** An address, or a network, with as many connections as it may have. */
export interface TooMany {
  limit: "maxConnectionsPerAddress" | "maxConnectionsPerNetwork";
  /** Such as `192.0.2.1`, `2001:db8::/64` or `192.0.2.0/24`. */
  address: string;
  most: number;
}

/** Counts connections by where they come from. */
export class AddressCounts {
  readonly #limits: Limits;
  readonly #counts: Map<string, number> = new Map();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts a connection, unless there are too many: then answers of what. */
  claim(addr: Deno.Addr): TooMany | undefined {
    const keys = this.#keysOf(addr);
    const full = keys.find(({ address, most }) => (this.#counts.get(address) ?? 0) >= most);
    if (full !== undefined) return full;
    for (const { address } of keys) this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    return undefined;
  }

  /** A connection that was counted has gone. */
  release(addr: Deno.Addr): void {
    for (const { address } of this.#keysOf(addr)) {
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    }
  }

  #keysOf(addr: Deno.Addr): TooMany[] {
    const { maxConnectionsPerAddress, maxConnectionsPerNetwork } = this.#limits;
    const keys: TooMany[] = [];
    if (maxConnectionsPerAddress > 0) {
      const address = addressOf(addr);
      keys.push({ limit: "maxConnectionsPerAddress", address, most: maxConnectionsPerAddress });
    }
    const network = maxConnectionsPerNetwork > 0 ? networkOf(addr) : undefined;
    if (network !== undefined) {
      keys.push({ limit: "maxConnectionsPerNetwork", address: network, most: maxConnectionsPerNetwork });
    }
    return keys;
  }
}

/** What the connections of one peer share: its address, its /64 in IPv6, or the path of the unix socket. */
export function addressOf(addr: Deno.Addr): string {
  if (!("hostname" in addr)) return formatAddr(addr);
  return parsed(addr)?.kind() === "ipv6" ? prefixOf(addr, 64) : addr.hostname;
}

/** The network of a peer: its /24 in IPv4, its /48 in IPv6. */
function networkOf(addr: Deno.Addr): string | undefined {
  const kind = parsed(addr)?.kind();
  return kind === undefined ? undefined : prefixOf(addr as Deno.NetAddr, kind === "ipv4" ? 24 : 48);
}

function parsed(addr: Deno.Addr): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (!("hostname" in addr)) return undefined;
  const hostname = addr.hostname.replace(/%.*$/, "");
  return ipaddr.isValid(hostname) ? ipaddr.process(hostname) : undefined;
}

function prefixOf(addr: Deno.NetAddr, bits: number): string {
  const bytes = parsed(addr)!.toByteArray();
  const whole = bits / 8;
  return `${ipaddr.fromByteArray(bytes.map((byte, index) => index < whole ? byte : 0))}/${bits}`;
}
