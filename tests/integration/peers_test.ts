/**
 * Where peers come from, and those that only look whether somebody is there.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Connection, listen, type ListenOptions } from "@protohost/protohost";
import { formatAddr } from "../../lib/contract/endpoint.ts";
import { resetAtOnce } from "../support/reset.ts";
import { soon, until, Wire } from "../support/wire.ts";

const certificate = {
  cert: new URL("../fixtures/tls/one.crt", import.meta.url).pathname,
  key: new URL("../fixtures/tls/one.key", import.meta.url).pathname,
};

/** Connects, says this, and leaves. */
async function probe(port: number, said = ""): Promise<void> {
  using wire = await Wire.open(port);
  if (said !== "") await wire.write(said);
  await wire.conn.closeWrite();
  await wire.rest().catch(() => {});
}

const waiting: [name: string, protocol: string, options: ListenOptions][] = [
  ["a TLS handshake", "text+tls", { tls: certificate }],
  ["a PROXY header", "text", { acceptProxyProtocol: ["127.0.0.1"] }],
];

for (const [name, protocol, options] of waiting) {
  Deno.test(`a probe that says nothing where ${name} is awaited is no error`, async () => {
    await using server = await listen(`${protocol}://127.0.0.1:0`, options);
    for (let index = 0; index < 3; index++) await probe(server.port);
    await resetAtOnce(server.port);
    await until(() => server.stats.open === 0 && server.stats.accepted === 4);
    assertEquals(server.stats.errors, {});
    assertEquals(server.stats.closed, 4);
    // One that says a little is.
    await probe(server.port, "PRO");
    await until(() => Object.keys(server.stats.errors).length > 0);
  });
}

Deno.test("a peer that owes a PROXY header is told off by the code of that, however it stops", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    acceptProxyProtocol: ["127.0.0.1"],
    limits: { tlsHandshakeTimeout: "50ms" },
  });
  await probe(server.port, "PROXY TCP4 1.2.3.4 ");
  using silent = await Wire.open(server.port);
  assertEquals(await silent.rest().catch(() => ""), "");
  await until(() => server.stats.open === 0);
  assertEquals(server.stats.errors, { bad_proxy_header: 2 });
});

Deno.test("past maxConnectionsPerNetwork a connection of a neighbour is accepted and closed", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    acceptProxyProtocol: ["127.0.0.1"],
    limits: { maxConnectionsPerNetwork: 2 },
    onConnect: (connection: Connection<string>) => void connection.send("welcome"),
  });
  const open = async (from: string) => {
    const wire = await Wire.open(server.port);
    await wire.write(`PROXY TCP4 ${from} 192.0.2.1 1234 80\r\n`);
    return wire;
  };
  using one = await open("198.51.100.1");
  using two = await open("198.51.100.2");
  assertEquals([await one.line(), await two.line()], ["welcome", "welcome"]);
  using three = await open("198.51.100.3");
  assertEquals(await three.rest().catch(() => ""), "");
  assertEquals(server.stats.errors, { too_many_connections: 1 });
  using other = await open("198.51.101.3");
  assertEquals(await other.line(), "welcome");
  one.conn.close();
  await until(() => server.stats.open === 2);
  using again = await open("198.51.100.3");
  assertEquals(await again.line(), "welcome");
});

Deno.test({
  name: "an IPv4 client of [::] has an IPv4 address, over TCP and UDP, and so a PROXY header tells it",
  async fn() {
    const seen: string[] = [];
    const tell = {
      onMessage: (connection: Connection<string>) => void connection.send(formatAddr(connection.remoteAddr)),
    };
    await using tcp = await listen("text://[::]:0", tell);
    await using udp = await listen("text+udp://[::]:0", tell);
    using wire = await Wire.open(tcp.port);
    await wire.write("x\n");
    assertStringIncludes(await wire.line(), "127.0.0.1:");
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    await socket.send(new TextEncoder().encode("x"), {
      transport: "udp",
      hostname: "127.0.0.1",
      port: udp.port,
    });
    const [answer] = await soon(socket.receive());
    socket.close();
    assertStringIncludes(new TextDecoder().decode(answer), "127.0.0.1:");
    await using upstream = await listen("text://127.0.0.1:0", {
      onMessage: (_: Connection<string>, line: string) => void seen.push(line),
    });
    await using proxy = await listen("text://[::]:0", {
      upstream: `tcp://127.0.0.1:${upstream.port}`,
      sendProxyProtocol: "v1",
    });
    using client = await Wire.open(proxy.port);
    await client.write("x\n");
    await until(() => seen.length === 2);
    assertEquals(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+$/.test(seen[0]), true, seen[0]);
  },
});

Deno.test("an address in use by another family is an error that says so", async () => {
  await using server = await listen("text://[::]:0");
  const error = await listen(`text://0.0.0.0:${server.port}`).then(
    () => undefined,
    (error) => error as Error,
  );
  assertStringIncludes(error!.message, "[::] takes the port for IPv4 too");
});
