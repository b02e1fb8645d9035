/**
 * Ranges of IP addresses. Pure.
 *
 * @module
 */

import ipaddr from "ipaddr.js";

/** A range of addresses: an address in it, and the number of leading bits that all of them share. */
export type AddressRange = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Reads an address or a range in CIDR notation.
 *
 * @throws {RangeError} If it is neither of the two.
 */
export function parseRange(range: string): AddressRange {
  try {
    if (range.includes("/")) return ipaddr.parseCIDR(range);
    const address = ipaddr.parse(range);
    return [address, address.kind() === "ipv4" ? 32 : 128];
  } catch {
    throw new RangeError(`Cannot read "${range}" as a range of addresses: wanted one such as 10.0.0.0/8`);
  }
}

/** Whether a socket's address is in one of the ranges. An address that is not IP is in none. */
export function isWithin(addr: Deno.Addr, ranges: readonly AddressRange[]): boolean {
  if (!("hostname" in addr)) return false;
  // An IPv4 client of an IPv6 socket shows as ::ffff:1.2.3.4.
  const hostname = addr.hostname.replace(/%.*$/, "");
  if (!ipaddr.isValid(hostname)) return false;
  const address = ipaddr.process(hostname);
  return ranges.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits));
}
