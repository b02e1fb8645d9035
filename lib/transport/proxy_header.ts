/**
 * The header in which a proxy tells a server the client's address: the PROXY protocol, versions 1 and 2
 * (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt). Pure.
 *
 * ```text
 * v1  PROXY TCP4|TCP6|UNKNOWN <source> <destination> <source port> <destination port>\r\n     at most 107 bytes
 *
 * v2  0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | version 2, command | family, transport | length | addresses | TLVs
 *     12 bytes                            | 1                  | 1                 | 2      | length bytes in all
 * ```
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { isIPv4, isIPv6 } from "node:net";
import { plainAddr } from "./plain_addr.ts";

/** A parsed header. Without addresses the connection is the proxy's own, such as a health check. */
export interface ProxyHeader {
  /** Its length in bytes. */
  length: number;
  source?: Deno.NetAddr;
  destination?: Deno.NetAddr;
}

/** An invalid PROXY header; `code` is `bad_proxy_header`. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
  readonly code = "bad_proxy_header";
}

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const V1_START = new TextEncoder().encode("PROXY ");
/** The longest line of version 1, its end included. */
const V1_BYTES = 107;
const V2_FIXED_BYTES = 16;
/** The most bytes that addresses and TLVs of version 2 may take here. Senders stay far below. */
const V2_MOST_BYTES = 4096;

/** Bytes of two addresses and two ports, by family. */
const IPV4_BYTES = 12;
const IPV6_BYTES = 36;

/**
 * Parses a header at the start of a stream. Undefined while it is incomplete.
 *
 * @throws {ProxyHeaderError} If the stream does not start with a valid one.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (startsAs(bytes, SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? undefined : parseV2(bytes);
  if (startsAs(bytes, V1_START)) return parseV1(bytes);
  throw new ProxyHeaderError("Cannot read a PROXY header: the connection does not start with one");
}

/** Formats the header of a connection between two addresses; `UNKNOWN` or `LOCAL` if they are not IP addresses. */
export function formatProxyHeader(version: 1 | 2, source: Deno.Addr, destination: Deno.Addr): Uint8Array {
  const from = netAddr(source);
  const to = netAddr(destination);
  const both4 = from !== undefined && to !== undefined && isIPv4(from.hostname) && isIPv4(to.hostname);
  const known = from !== undefined && to !== undefined;
  if (version === 1) {
    if (!known) return new TextEncoder().encode("PROXY UNKNOWN\r\n");
    const [a, b] = both4 ? [from.hostname, to.hostname] : [asIPv6(from.hostname), asIPv6(to.hostname)];
    return new TextEncoder().encode(`PROXY ${both4 ? "TCP4" : "TCP6"} ${a} ${b} ${from.port} ${to.port}\r\n`);
  }
  if (!known) return Uint8Array.of(...SIGNATURE, 0x20, 0, 0, 0);
  const ports = [from.port >> 8, from.port & 255, to.port >> 8, to.port & 255];
  const addresses = both4
    ? [...bytesOf(from.hostname), ...bytesOf(to.hostname)]
    : [...bytesOf(asIPv6(from.hostname)), ...bytesOf(asIPv6(to.hostname))];
  const length = addresses.length + ports.length;
  return Uint8Array.of(...SIGNATURE, 0x21, both4 ? 0x11 : 0x21, 0, length, ...addresses, ...ports);
}

function parseV1(bytes: Uint8Array): ProxyHeader | undefined {
  const end = bytes.subarray(0, V1_BYTES).indexOf(10);
  if (end < 0) {
    if (bytes.length < V1_BYTES) return undefined;
    throw new ProxyHeaderError(`Cannot read a PROXY header: no line end within ${V1_BYTES} bytes`);
  }
  const line = new TextDecoder().decode(bytes.subarray(0, end + 1));
  const length = end + 1;
  if (/^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/.test(line)) return { length };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line);
  const valid = match?.[1] === "4" ? isIPv4 : isIPv6;
  if (
    !match || !valid(match[2]) || !valid(match[3]) || Number(match[4]) > 65535 || Number(match[5]) > 65535
  ) {
    throw new ProxyHeaderError(`Cannot read a PROXY header: found ${JSON.stringify(line)}`);
  }
  return { length, source: tcp(match[2], Number(match[4])), destination: tcp(match[3], Number(match[5])) };
}

function parseV2(bytes: Uint8Array): ProxyHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [versionAndCommand, family] = [bytes[12], bytes[13]];
  const size = view.getUint16(14);
  const length = V2_FIXED_BYTES + size;
  const command = versionAndCommand & 15;
  if (versionAndCommand >> 4 !== 2 || command > 1) {
    throw new ProxyHeaderError(`Cannot read a PROXY header: version and command are ${versionAndCommand}`);
  }
  if (size > V2_MOST_BYTES) {
    throw new ProxyHeaderError(
      `Cannot read a PROXY header: it has ${size} bytes, wanted at most ${V2_MOST_BYTES}`,
    );
  }
  if (bytes.length < length) return undefined;
  const wanted = family >> 4 === 1 ? IPV4_BYTES : family >> 4 === 2 ? IPV6_BYTES : 0;
  if (command === 0 || wanted === 0) return { length };
  if (size < wanted) {
    throw new ProxyHeaderError(`Cannot read a PROXY header: addresses have ${size} bytes, wanted ${wanted}`);
  }
  const each = (wanted - 4) / 2;
  const read = (at: number) => ipaddr.fromByteArray([...bytes.subarray(at, at + each)]).toString();
  const ports = V2_FIXED_BYTES + 2 * each;
  return {
    length,
    source: tcp(read(V2_FIXED_BYTES), view.getUint16(ports)),
    destination: tcp(read(V2_FIXED_BYTES + each), view.getUint16(ports + 2)),
  };
}

/** Whether the bytes, as far as there are any, start like `wanted`. */
function startsAs(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const count = Math.min(bytes.length, wanted.length);
  for (let index = 0; index < count; index++) if (bytes[index] !== wanted[index]) return false;
  return true;
}

function tcp(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

function netAddr(addr: Deno.Addr): Deno.NetAddr | undefined {
  return "hostname" in addr ? plainAddr(addr) : undefined;
}

function bytesOf(address: string): number[] {
  return ipaddr.parse(address).toByteArray();
}

/** An IPv4 address as an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2); IPv6 unchanged. */
function asIPv6(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address;
}
