import { assertEquals } from "@std/assert";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";
import { AddressCounts, addressOf, keysOf } from "../../lib/service/address_counts.ts";
import { plainAddr, withPlainAddrs } from "../../lib/transport/plain_addr.ts";

function tcp(hostname: string): Deno.NetAddr {
  return { transport: "tcp", hostname, port: 1 };
}

Deno.test("connections are counted by the address in IPv4, and by the /64 in IPv6", () => {
  const cases: [hostname: string, address: string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::1", "::/64"],
    ["somewhere", "somewhere"],
  ];
  for (const [hostname, address] of cases) assertEquals(addressOf(tcp(hostname)), address);
  assertEquals(addressOf({ transport: "unix", path: "/run/x" }), "unix:/run/x");
});

Deno.test("an address, and a network, has no more connections than its limit says", () => {
  const limits = { maxConnectionsPerAddress: 2, maxConnectionsPerNetwork: 3 };
  const counts = new AddressCounts(limits);
  const claims = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1"]
    .map((hostname) => counts.claim(keysOf(tcp(hostname), limits)));
  assertEquals(claims, [
    undefined,
    undefined,
    { limit: "maxConnectionsPerAddress", address: "192.0.2.1", most: 2 },
    undefined,
    { limit: "maxConnectionsPerNetwork", address: "192.0.2.0/24", most: 3 },
    undefined,
  ]);
  counts.release(keysOf(tcp("192.0.2.1"), limits));
  assertEquals(counts.claim(keysOf(tcp("192.0.2.3"), limits)), undefined);
  const narrow = { maxConnectionsPerAddress: 1, maxConnectionsPerNetwork: 2 };
  const six = new AddressCounts(narrow);
  const claimed = [
    "2001:db8:1:1::1",
    "2001:db8:1:1::2",
    "2001:db8:1:2::1",
    "2001:db8:1:3::1",
    "2001:db8:2::1",
  ]
    .map((hostname) => six.claim(keysOf(tcp(hostname), narrow))?.address);
  assertEquals(claimed, [undefined, "2001:db8:1:1::/64", undefined, "2001:db8:1::/48", undefined]);
});

Deno.test("connections are not counted without limits, and of unix sockets by no network", () => {
  assertEquals(keysOf(tcp("192.0.2.1"), DEFAULT_LIMITS), undefined);
  const network = { maxConnectionsPerAddress: 0, maxConnectionsPerNetwork: 1 };
  assertEquals(keysOf({ transport: "unix", path: "/run/x" }, network), undefined);
  assertEquals(keysOf(tcp("192.0.2.1"), network), { network: "192.0.2.0/24" });
});

Deno.test("an IPv4 client of a socket for both families is told as IPv4", () => {
  assertEquals(plainAddr(tcp("::ffff:192.0.2.1")), tcp("192.0.2.1"));
  for (const addr of [tcp("192.0.2.1"), tcp("::1"), { transport: "unix", path: "/x" } as const]) {
    assertEquals(plainAddr(addr), addr);
  }
  const mapped = { localAddr: tcp("::ffff:127.0.0.1"), remoteAddr: tcp("::ffff:192.0.2.1") };
  const { localAddr, remoteAddr } = withPlainAddrs(mapped);
  assertEquals([localAddr.hostname, remoteAddr.hostname], ["127.0.0.1", "192.0.2.1"]);
});
