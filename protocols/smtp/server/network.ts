/**
 * Whom a client's address belongs to: limits count by that. Pure.
 *
 * @module
 */

import type { SmtpClient } from "./handler.ts";

/** A client's address, without its port; `local` where it has none. */
export function addressOf({ connection: { remoteAddr } }: SmtpClient): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "local";
}

/** Who has an address: of IPv6 whoever has its first 64 bits, since that is what one customer gets. */
export function ownerOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head, tail] = address.split("%")[0].split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array(zeros).fill("0"), ...rest].map((group) => parseInt(group, 16));
  // IPv4 within IPv6.
  if (all.slice(0, 5).every((group) => group === 0) && all[5] === 0xffff) return address;
  return `${all.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}
