/**
 * Vectors after the specification's sections 2.1 and 2.2.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { formatProxyHeader, parseProxyHeader, ProxyHeaderError } from "../../lib/transport/proxy_header.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const addr = (hostname: string, port: number): Deno.NetAddr => ({ transport: "tcp", hostname, port });
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

const good: [string, Uint8Array, Deno.NetAddr | undefined, Deno.NetAddr | undefined][] = [
  [
    "v1 TCP4",
    encode("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
    addr("192.168.0.1", 56324),
    addr("192.168.0.11", 443),
  ],
  ["v1 TCP6", encode("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"), addr("2001:db8::1", 1), addr("::1", 65535)],
  ["v1 UNKNOWN", encode("PROXY UNKNOWN\r\n"), undefined, undefined],
  ["v1 UNKNOWN with what may follow", encode("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), undefined, undefined],
  [
    "v2 TCP4",
    Uint8Array.of(...signature, 0x21, 0x11, 0, 12, 10, 0, 0, 1, 10, 0, 0, 2, 0xdb, 0x04, 0x01, 0xbb),
    addr("10.0.0.1", 0xdb04),
    addr("10.0.0.2", 443),
  ],
  [
    "v2 TCP6 with a TLV behind it",
    Uint8Array.of(
      ...[...signature, 0x21, 0x21, 0, 41, 0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1],
      ...[...new Array(15).fill(0), 1, 0, 80, 1, 0xbb, 4, 0, 2, 9, 9],
    ),
    addr("2001:db8::1", 80),
    addr("::1", 443),
  ],
  [
    "v2 LOCAL",
    Uint8Array.of(...signature, 0x20, 0x11, 0, 12, ...new Array(12).fill(1)),
    undefined,
    undefined,
  ],
  [
    "v2 of a unix socket",
    Uint8Array.of(...signature, 0x21, 0x31, 0, 216, ...new Array(216).fill(0)),
    undefined,
    undefined,
  ],
];

for (const [what, bytes, source, destination] of good) {
  Deno.test(`a PROXY header is read whole and not before: ${what}`, () => {
    const wanted = { length: bytes.length, ...(source ? { source, destination } : {}) };
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(parseProxyHeader(bytes.subarray(0, length)), undefined, `${length} bytes`);
    }
    assertEquals(parseProxyHeader(bytes), wanted);
    assertEquals(parseProxyHeader(Uint8Array.of(...bytes, 71, 69, 84)), wanted);
  });
}

const bad: [string, Uint8Array][] = [
  ["something else", encode("GET / HTTP/1.1\r\n")],
  ["v1 without addresses", encode("PROXY TCP4\r\n")],
  ["v1 with a name for an address", encode("PROXY TCP4 localhost 127.0.0.1 1 2\r\n")],
  ["v1 with IPv6 for TCP4", encode("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["v1 with a port too high", encode("PROXY TCP4 127.0.0.1 127.0.0.1 1 65536\r\n")],
  ["v1 with a bare LF", encode("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\n")],
  ["v1 too long", encode("PROXY UNKNOWN " + "x".repeat(107))],
  ["v2 of another version", Uint8Array.of(...signature, 0x31, 0x11, 0, 12)],
  ["v2 of another command", Uint8Array.of(...signature, 0x22, 0x11, 0, 12)],
  ["v2 with addresses too short", Uint8Array.of(...signature, 0x21, 0x11, 0, 4, 1, 2, 3, 4)],
  ["v2 too long", Uint8Array.of(...signature, 0x21, 0x11, 0xff, 0xff)],
];

for (const [what, bytes] of bad) {
  Deno.test(`what is no PROXY header is refused: ${what}`, () => {
    assertThrows(() => parseProxyHeader(bytes), ProxyHeaderError);
  });
}

const pairs: [Deno.NetAddr, Deno.NetAddr, string?, string?][] = [
  [addr("192.0.2.1", 1), addr("198.51.100.255", 65535)],
  [addr("2001:db8::1", 5), addr("::1", 6)],
  [addr("1:2:3:4:5:6:7:8", 5), addr("::", 6)],
  [addr("192.0.2.1", 7), addr("::1", 8), "::ffff:192.0.2.1", "::ffff:c000:201"],
];

for (const [source, destination, mappedV1, mappedV2] of pairs) {
  Deno.test(`a PROXY header says ${source.hostname} and ${destination.hostname} in both versions`, () => {
    for (const version of [1, 2] as const) {
      const header = parseProxyHeader(formatProxyHeader(version, source, destination))!;
      const mapped = version === 1 ? mappedV1 : mappedV2;
      assertEquals(header.source, mapped === undefined ? source : addr(mapped, source.port));
      assertEquals(header.destination, destination);
    }
  });
}

Deno.test("a PROXY header of a unix socket tells no addresses", () => {
  const unix: Deno.UnixAddr = { transport: "unix", path: "/x" };
  for (const version of [1, 2] as const) {
    assertEquals(parseProxyHeader(formatProxyHeader(version, unix, unix))?.source, undefined);
  }
});
