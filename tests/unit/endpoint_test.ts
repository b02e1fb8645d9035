import { assertEquals, assertThrows } from "@std/assert";
import {
  AddressError,
  type Endpoint,
  formatAddr,
  formatEndpoint,
  parseEndpoint,
} from "../../lib/contract/endpoint.ts";

const READABLE: [address: string, endpoint: Endpoint, written?: string][] = [
  [
    "JsonNL://0.0.0.0:1234",
    { protocol: "jsonnl", transport: "tcp", hostname: "0.0.0.0", port: 1234 },
    "jsonnl://0.0.0.0:1234",
  ],
  ["text://localhost:0", { protocol: "text", transport: "tcp", hostname: "localhost", port: 0 }],
  [
    "text://localhost:80/",
    { protocol: "text", transport: "tcp", hostname: "localhost", port: 80 },
    "text://localhost:80",
  ],
  [
    "text+tcp://a.b:65535",
    { protocol: "text", transport: "tcp", hostname: "a.b", port: 65535 },
    "text://a.b:65535",
  ],
  [
    "smtp+TLS://mx:465",
    { protocol: "smtp", transport: "tls", hostname: "mx", port: 465 },
    "smtp+tls://mx:465",
  ],
  ["text+udp://127.0.0.1:53", { protocol: "text", transport: "udp", hostname: "127.0.0.1", port: 53 }],
  ["text://[::1]:80", { protocol: "text", transport: "tcp", hostname: "::1", port: 80 }],
  ["text://[::ffff:127.0.0.1]:80", {
    protocol: "text",
    transport: "tcp",
    hostname: "::ffff:127.0.0.1",
    port: 80,
  }],
  ["text://[fe80::1%eth0]:80", { protocol: "text", transport: "tcp", hostname: "fe80::1%eth0", port: 80 }],
  ["my-proto.v2_x://h:1", { protocol: "my-proto.v2_x", transport: "tcp", hostname: "h", port: 1 }],
  ["tcp://127.0.0.1:25", { protocol: "", transport: "tcp", hostname: "127.0.0.1", port: 25 }],
  ["text://a_b-c.例え.:1", { protocol: "text", transport: "tcp", hostname: "a_b-c.例え.", port: 1 }],
  ["text://4you.example:1", { protocol: "text", transport: "tcp", hostname: "4you.example", port: 1 }],
  ["tls://h:1", { protocol: "", transport: "tls", hostname: "h", port: 1 }],
  ["udp://h:1", { protocol: "", transport: "udp", hostname: "h", port: 1 }],
  ["unix:///run/a.sock", { protocol: "", transport: "unix", path: "/run/a.sock" }],
  ["jsonnl+unix:///run/chat.sock", { protocol: "jsonnl", transport: "unix", path: "/run/chat.sock" }],
  ["jsonnl+unix://./chat.sock", { protocol: "jsonnl", transport: "unix", path: "./chat.sock" }],
];

Deno.test("parseEndpoint takes addresses apart, formatEndpoint writes them again", () => {
  for (const [address, endpoint, written = address] of READABLE) {
    assertEquals(parseEndpoint(address), endpoint, address);
    assertEquals(formatEndpoint(endpoint), written);
    assertEquals(parseEndpoint(written), endpoint, written);
  }
});

Deno.test("parseEndpoint refuses what is no address and says why", () => {
  const table: [address: string, why: string][] = [
    ["", "wanted PROTOCOL"],
    ["1234", "wanted PROTOCOL"],
    ["127.0.0.1:1234", "wanted PROTOCOL"],
    ["jsonnl:127.0.0.1:1234", "wanted PROTOCOL"],
    ["7bit://h:1", "wanted PROTOCOL"],
    [" text://h:1", "wanted PROTOCOL"],
    ["text+sctp://h:1", '"sctp" is no transport, wanted one of tcp, tls, unix, udp'],
    ["text+ssl://h:1", '"ssl" is no transport, wanted +tls'],
    ["text+toString://h:1", '"tostring" is no transport'],
    ["tcp+tls://h:1", '"tcp" is a transport, wanted a protocol'],
    ["quote://256.0.0.1:1", '"256.0.0.1" is neither an IP address nor a host name'],
    ["text://127.1:1", '"127.1" is neither'],
    ["text://1.2.3.4.5:1", '"1.2.3.4.5" is neither'],
    ["text://a..b:1", '"a..b" is neither'],
    ["text://-a:1", '"-a" is neither'],
    ["text://*:1", '"*" is neither'],
    ["text://[1:2]:1", '"1:2" is neither'],
    ["text://", "wanted HOST:PORT after //, with a port from 0 to 65535"],
    ["text://h", "the port is missing, wanted HOST:PORT, such as h:1234"],
    ["text://h/x", "the port is missing, wanted HOST:PORT, such as h:1234"],
    ["text://:80", "wanted HOST:PORT after //, with a port from 0 to 65535"],
    ["text://h:", "the port is missing, wanted HOST:PORT, such as h:1234"],
    ["text://h:65536", "port 65536 is out of range, wanted 0 to 65535"],
    ["text://h:-1", "wanted HOST:PORT after //, with a port from 0 to 65535"],
    ["text://h:8o", "wanted HOST:PORT after //, with a port from 0 to 65535"],
    ["text://::1:80", "wanted brackets around an IPv6 address, as in [::1]:1234"],
    ["text://[::1]", "the port is missing, wanted HOST:PORT, such as [::1]:1234"],
    ["text://h:80/path", 'found "/path" after the port, wanted nothing there'],
    ["text+unix://", "wanted the path of the unix socket"],
  ];
  for (const [address, why] of table) {
    const error = assertThrows(() => parseEndpoint(address), AddressError, why);
    assertEquals(error.message.startsWith(`Cannot read the address "${address}": `), true, error.message);
    assertEquals([error.name, error.code], ["AddressError", "bad_address"]);
  }
});

Deno.test("formatAddr writes the addresses of sockets", () => {
  const table: [Deno.Addr, string][] = [
    [{ transport: "tcp", hostname: "127.0.0.1", port: 80 }, "127.0.0.1:80"],
    [{ transport: "udp", hostname: "::1", port: 53 }, "[::1]:53"],
    [{ transport: "unix", path: "/run/a.sock" }, "unix:/run/a.sock"],
  ];
  for (const [addr, expected] of table) assertEquals(formatAddr(addr), expected);
});
