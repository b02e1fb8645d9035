/**
 * How many connections an address, and a network, has. Pure.
 *
 * An IPv6 address is counted as its /64: whoever has one has all of them. A network is a /24 of IPv4 or a /48 of IPv6.
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { defined } from "../base/defined.ts";
import { formatAddr } from "../contract/endpoint.ts";
import type { AddressLimits, PeerKeys, TooMany } from "../spec/peer_keys.ts";

/** Counts connections by where they come from. */
export class AddressCounts {
  #limits: AddressLimits;
  readonly #counts: Map<string, number> = new Map();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** Other limits hold from now on, for further connections. */
  set limits(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** Counts a connection, unless there are too many: then returns of what. */
  claim(keys: PeerKeys | undefined): TooMany | undefined {
    const { maxConnectionsPerAddress, maxConnectionsPerNetwork } = this.#limits;
    const full = this.#full(keys?.address, "maxConnectionsPerAddress", maxConnectionsPerAddress) ??
      this.#full(keys?.network, "maxConnectionsPerNetwork", maxConnectionsPerNetwork);
    if (full === undefined) this.#add(keys, 1);
    return full;
  }

  /** A connection that was counted is gone. */
  release(keys: PeerKeys | undefined): void {
    this.#add(keys, -1);
  }

  #full(address: string | undefined, limit: TooMany["limit"], most: number): TooMany | undefined {
    if (address === undefined || most === 0 || (this.#counts.get(address) ?? 0) < most) return undefined;
    return { limit, address, most };
  }

  #add(keys: PeerKeys | undefined, count: number): void {
    if (keys === undefined) return;
    for (const key of [keys.address, keys.network]) {
      if (key === undefined) continue;
      const sum = (this.#counts.get(key) ?? 0) + count;
      if (sum > 0) this.#counts.set(key, sum);
      else this.#counts.delete(key);
    }
  }
}

/** What a peer is counted by under these limits; undefined for nothing. */
export function keysOf(addr: Deno.Addr, limits: AddressLimits): PeerKeys | undefined {
  const address = limits.maxConnectionsPerAddress > 0 ? addressOf(addr) : undefined;
  const network = limits.maxConnectionsPerNetwork > 0 ? networkOf(addr) : undefined;
  return address === undefined && network === undefined ? undefined : defined({ address, network });
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
