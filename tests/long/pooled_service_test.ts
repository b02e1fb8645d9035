/**
 * What a service of `isolation: connection` is to its clients and its code: the same as any other.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { connect } from "../../lib/embed/connect.ts";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import type { Action, HookSource } from "../../lib/hooks/rule.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";
import { StartError } from "../../lib/supervisor/supervisor_error.ts";
import { resetAfter } from "../support/reset.ts";
import { until, Wire } from "../support/wire.ts";
import { LogWatch, type ServiceWords, supervise, type Supervised } from "../integration/supervised.ts";

const ignore = Deno.build.os === "windows";
const certificate = (name: string) => fromFileUrl(new URL(`../fixtures/tls/${name}`, import.meta.url));
const tls = {
  certificates: [{ cert: certificate("one.crt"), key: certificate("one.key") }],
  clientCertificate: "none" as const,
};

/** A service whose connections each have a process. */
function pooled(words: ServiceWords): ServiceWords {
  return { isolation: "connection", ...words };
}

function portOf(server: Supervised, service: string): number {
  return (parseEndpoint(server.address(service)) as { port: number }).port;
}

interface PeerAnswer {
  remoteAddr: Deno.NetAddr;
  localAddr: Deno.NetAddr;
  transport: string;
  id: string;
}

Deno.test(
  "a pooled handler sees the client's own address, transport and identifier",
  { ignore },
  async () => {
    const path = await Deno.makeTempDir();
    await using server = await supervise({
      a: pooled({
        handler: "misbehaves",
        listen: ["text://127.0.0.1:0", "text+tls://127.0.0.1:0", `text+unix://${path}/a.sock`],
        tls,
      }),
      b: pooled({ handler: "misbehaves", acceptProxyProtocol: ["127.0.0.1"] }),
    });
    using wire = await Wire.open(portOf(server, "a"));
    await wire.write("peer\n");
    const plain: PeerAnswer = JSON.parse(await wire.line());
    assertEquals(plain.remoteAddr, wire.conn.localAddr);
    assertEquals(plain.localAddr, wire.conn.remoteAddr);
    assertEquals([plain.transport, plain.id], ["tcp", "a.1.0.1"]);

    await using secure = await connect<string>(server.status("a").addresses[1], { tls: { insecure: true } });
    const encrypted: PeerAnswer = JSON.parse(await secure.pingPong("peer"));
    assertEquals([encrypted.transport, encrypted.id], ["tls", "a.1.0.2"]);
    assertEquals(
      encrypted.localAddr.port,
      (parseEndpoint(server.status("a").addresses[1]) as Deno.NetAddr).port,
    );

    using local = await Wire.open(`${path}/a.sock`);
    await local.write("peer\n");
    const unix: PeerAnswer = JSON.parse(await local.line());
    assertEquals([unix.transport, unix.remoteAddr], ["unix", { transport: "unix", path: `${path}/a.sock` }]);

    using proxied = await Wire.open(portOf(server, "b"));
    await proxied.write("PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\npeer\n");
    const behind: PeerAnswer = JSON.parse(await proxied.line());
    assertEquals(behind.remoteAddr, { transport: "tcp", hostname: "192.0.2.7", port: 4711 });

    const connections = await server.supervisor.connections();
    assertEquals(connections.map(({ id, transport }) => [id, transport]).sort(), [
      ["a.1.0.1", "tcp"],
      ["a.1.0.2", "tls"],
      ["a.1.0.3", "unix"],
      ["b.1.0.1", "tcp"],
    ]);
    await server.supervisor.stop({ immediate: true });
    await Deno.remove(path, { recursive: true });
  },
);

Deno.test("megabytes pass a pool both ways, a half-close too, while a slow reader slows its process", {
  ignore,
}, async () => {
  await using server = await supervise({
    a: pooled({ listen: ["echo://127.0.0.1:0"], limits: resolveLimits({ lingerTimeout: 100 }) }),
  });
  using wire = await Wire.open(portOf(server, "a"));
  const block = new Uint8Array(1024 ** 2).map((_, index) => index * 7 % 251);
  let written = 0;
  // Nobody reads at first: writing comes to a halt somewhere between here and the process.
  const writing = (async () => {
    for (let i = 0; i < 24; i++) {
      await wire.write(block);
      written += block.length;
    }
    await wire.conn.closeWrite();
  })();
  let before = -1;
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const halted = written === before;
    before = written;
    return halted;
  });
  assert(written < 24 * block.length, `${written} bytes were taken with nobody to read them`);
  for (let i = 0; i < 24; i++) assertEquals(await wire.bytes(block.length), block);
  await writing;
  assertEquals(await wire.rest(), "");
});

Deno.test("hooks run in a pooled service, and before a real server by turns", { ignore }, async () => {
  const upstreams = await supervise({ one: { handler: "shout" }, two: { handler: "shout" } });
  await using server = await supervise({
    proxy: pooled({
      listen: ["text://127.0.0.1:0"],
      proxy: {
        upstream: ["one", "two"].map((name) => `tcp://127.0.0.1:${portOf(upstreams, name)}`),
        balance: "round-robin",
        connectTimeoutMs: 5000,
        onBadFrame: "close",
        tls: { verify: true },
      },
      hooks: [rule("secret", { do: "reply", message: "refused" })],
    }),
    service: pooled({
      handler: "shout",
      hooks: [rule("counted", { do: "count", name: "asked" })],
    }),
  });
  const names = new Set<string>();
  for (let i = 0; i < 2; i++) {
    await using client = await server.connect("proxy");
    assertEquals(await client.pingPong("secret"), "refused");
    names.add(await client.pingPong("who"));
  }
  assertEquals([...names].sort(), ["one 0", "two 0"]);
  for (let i = 0; i < 3; i++) assertEquals(await server.ask("service", "counted"), "COUNTED");
  await until(async () => {
    await server.supervisor.refresh();
    return server.status("service").stats.counts.asked === 3;
  });
  await upstreams.supervisor.stop({ immediate: true });
});

Deno.test("a client that waits too long hears the protocol's unavailable", { ignore }, async () => {
  await using server = await supervise({
    a: pooled({
      handler: "shout",
      listen: ["resp://127.0.0.1:0"],
      pool: { size: 1, spare: 1, waitMs: 300 },
    }),
  });
  using _first = await Wire.open(portOf(server, "a"));
  using second = await Wire.open(portOf(server, "a"));
  await second.write("PING\r\n");
  assertEquals(await second.rest(), "-ERR upstream unavailable\r\n");
  using silent = await Wire.open(portOf(server, "a"));
  assertEquals(await silent.rest(), "");
  await until(async () => {
    await server.supervisor.refresh();
    return server.status("a").stats.refused === 2;
  });
});

Deno.test("a client that goes while it waits leaves its place, and one that resets ends its process", {
  ignore,
}, async () => {
  using log = new LogWatch();
  await using server = await supervise({
    a: pooled({ handler: "shout", pool: { size: 1, spare: 1, waitMs: 0 } }),
  });
  const port = portOf(server, "a");
  using first = await Wire.open(port);
  await first.write("x\n");
  assertEquals(await first.line(), "X");
  await resetAfter(port, "", async () => {
    await until(async () => {
      await server.supervisor.refresh();
      return server.status("a").instances[0].pool?.waiting === 1;
    });
  });
  await until(async () => {
    await server.supervisor.refresh();
    const { open, accepted } = server.status("a").stats;
    return accepted === 2 && open === 1;
  });
  await first.write("y\n");
  assertEquals(await first.line(), "Y");
  first[Symbol.dispose]();
  assertEquals(await server.ask("a", "next"), "NEXT");
  assertEquals(log.lines.filter((line) => / cut: /.test(line)), []);
});

Deno.test(
  "a process that does not load costs nobody else, and the next one that does serves",
  { ignore },
  async () => {
    using log = new LogWatch();
    const folder = await Deno.makeTempDir();
    const handler = new URL(`file://${folder}/service.ts`).href;
    const write = (text: string) => Deno.writeTextFile(new URL(handler), text);
    await write(`export default { onMessage: (connection) => void connection.send("one") };`);
    {
      await using server = await supervise({
        a: pooled({ handler, pool: { size: 3, spare: 1, waitMs: 20_000 } }),
      });
      await using held = await server.connect("a");
      assertEquals(await held.pingPong("?"), "one");
      await until(async () => {
        await server.supervisor.refresh();
        return server.status("a").instances[0].pool?.spare === 1;
      });
      await write(`export default { onMessage: `);
      const failed = log.next(
        /A spare process failed to load: .*; starting another in /,
      );
      // The spare one has the code from before.
      assertEquals(await server.ask("a", "?"), "one");
      await failed;
      await using waiting = await server.connect("a");
      const answer = waiting.pingPong("?");
      assertEquals(await held.pingPong("?"), "one");
      await write(`export default { onMessage: (connection) => void connection.send("two") };`);
      assertEquals(await answer, "two");
      assertEquals(server.status("a").state, "running");
    }
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("over UDP there is no pool", { ignore }, async () => {
  await assertRejects(
    () => supervise({ a: pooled({ handler: "shout", listen: ["text+udp://127.0.0.1:0"] }) }),
    StartError,
    "by isolation: connection: over UDP there are no connections",
  );
});

/** A rule that does something on each message. */
function rule(command: string, action: Action): HookSource {
  return { rule: { on: [command], direction: "in", priority: 0, when: [], then: [action] } };
}
