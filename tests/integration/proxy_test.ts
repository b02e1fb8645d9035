/**
 * A service that stands before another server, from both ends.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import {
  bytes,
  close,
  connect,
  type Connection,
  defineHooks,
  drop,
  listen,
  type ListenOptions,
  on,
  type Protocol,
  replace,
  reply,
  sequence,
  type Server,
  text,
  type TlsSpec,
} from "@protohost/protohost";
import { formatProxyHeader } from "../../lib/transport/proxy_header.ts";
import { ask, reServer } from "../support/ask.ts";
import { soon, until, Wire } from "../support/wire.ts";

/** A server that answers each line with itself, behind a proxy of `ask`. */
async function behind(stack: AsyncDisposableStack, options: ListenOptions = {}): Promise<[Server, Server]> {
  const upstream = stack.use(await reServer());
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", { protocol: ask, upstream: upstreamOf(upstream), ...options }),
  );
  return [proxy, upstream];
}

function upstreamOf(server: Server): string {
  return `tcp://127.0.0.1:${server.port}`;
}

/** A proxy with these hooks before the echoing server, and a client of it. */
async function hooked(stack: AsyncDisposableStack, hooks: ListenOptions["hooks"]): Promise<Wire> {
  const [proxy] = await behind(stack, { hooks });
  return stack.adopt(await Wire.open(proxy.port), (wire) => wire[Symbol.dispose]());
}

function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function readAll(conn: Deno.Conn, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(size + 1);
  let held = 0;
  for (let count; (count = await conn.read(all.subarray(held))) !== null;) held += count;
  return all.slice(0, held);
}

for (const protocol of ["raw", "text"]) {
  Deno.test(`a proxy of ${protocol} without hooks relays any bytes both ways at once, half-closes included`, async () => {
    using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using proxy = await listen(`${protocol}://127.0.0.1:0`, {
      upstream: `tcp://127.0.0.1:${server.addr.port}`,
      limits: { maxSendBytes: "64KiB" },
    });
    for (const first of ["client", "server"]) {
      const [up, down] = [random(16_000_000), random(16_000_000)];
      const accepted = server.accept();
      using client = await Deno.connect({ port: proxy.port });
      using upstream = await accepted;
      const send = async (conn: Deno.Conn, bytes: Uint8Array, after: Promise<unknown>) => {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
        await after;
        await conn.closeWrite();
      };
      const atServer = readAll(upstream, up.length);
      const atClient = readAll(client, down.length);
      const now = Promise.resolve();
      const sent = Promise.all([
        send(client, up, first === "client" ? now : atClient),
        send(upstream, down, first === "server" ? now : atServer),
      ]);
      assertEquals(await sha256(await soon(atServer)), await sha256(up));
      assertEquals(await sha256(await soon(atClient)), await sha256(down));
      await sent;
    }
    await until(() => proxy.stats.open === 0);
  });
}

Deno.test("frames leave as the bytes that came, however they are cut on the way", async () => {
  await using stack = new AsyncDisposableStack();
  const seen: string[] = [];
  const wire = await hooked(
    stack,
    defineHooks([on(() => true, ({ command }) => void seen.push(command), { direction: "both" })]),
  );
  for (const part of ["one two\nth", "r", "ee\n", "four\nfi", "ve\n"]) {
    await wire.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await wire.write("rest");
  await wire.conn.closeWrite();
  assertEquals(await wire.rest(), "re one two\nre three\nre four\nre five\n");
  assertEquals(seen.filter((command) => command !== "re"), ["one", "three", "four", "five"]);
});

Deno.test("an injected reply waits for its turn among the answers", async () => {
  await using stack = new AsyncDisposableStack();
  const waiting: Connection<string>[] = [];
  const upstream = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol: ask,
      onMessage: (connection: Connection<string>, line: string) => {
        connection.send(`* working on ${line}`);
        waiting.push(connection);
      },
    }),
  );
  const hooks = defineHooks([on("FLUSHALL", () => reply("refused"))]);
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", { protocol: ask, upstream: upstreamOf(upstream), hooks }),
  );
  using wire = await Wire.open(proxy.port);
  await wire.write("GET a\nFLUSHALL\nGET b\nFLUSHALL\nFLUSHALL\nGET c\n");
  await until(() => waiting.length === 3);
  assertEquals(await wire.line(), "* working on GET a");
  for (const name of "abc") waiting.shift()!.send(`value ${name}`);
  const lines = [];
  while (lines.length < 8) lines.push(await wire.line());
  assertEquals(lines.filter((line) => !line.startsWith("*")), [
    "value a",
    "refused",
    "value b",
    "refused",
    "refused",
    "value c",
  ]);
  await wire.write("FLUSHALL\n");
  assertEquals(await wire.line(), "refused");
});

Deno.test("the last message of a close waits for its turn too, and what comes behind it is not heard", async () => {
  await using stack = new AsyncDisposableStack();
  const asked: string[] = [];
  let answer = () => {};
  const upstream = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol: ask,
      onMessage: (connection: Connection<string>, line: string) => {
        asked.push(line);
        answer = () => void connection.send(`value of ${asked.join()}`);
      },
    }),
  );
  const hooks = defineHooks([on("QUIT", () => close("goodbye"))]);
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", { protocol: ask, upstream: upstreamOf(upstream), hooks }),
  );
  using wire = await Wire.open(proxy.port);
  await wire.write("GET a\nQUIT\nGET b\n");
  await until(() => asked.length > 0);
  await wire.write("GET c\n");
  answer();
  assertEquals(await wire.rest(), "value of GET a\ngoodbye\n");
  assertEquals(asked, ["GET a"]);
});

Deno.test("behind a close whose last message waits, bytes that make no message go nowhere either", async () => {
  await using stack = new AsyncDisposableStack();
  let answer: (() => void) | undefined;
  const upstream = stack.use(
    await listen("raw://127.0.0.1:0", {
      onMessage: (connection: Connection<Uint8Array>) => {
        answer = () => void connection.send(bytes("value\n"));
      },
    }),
  );
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol: ask,
      upstream: upstreamOf(upstream),
      hooks: defineHooks([on("QUIT", () => close("goodbye"))]),
      onBadFrame: "passthrough",
      limits: { maxFrameBytes: 64 },
    }),
  );
  using wire = await Wire.open(proxy.port);
  await wire.write("GET a\nQUIT\n");
  await until(() => answer !== undefined);
  await wire.write("no end of a line ".repeat(20));
  await until(() => proxy.stats.bytesIn > 300);
  answer!();
  assertEquals(await wire.rest(), "value\ngoodbye\n");
  await until(() => upstream.stats.open === 0);
  assertEquals(upstream.stats.bytesIn, "GET a\n".length);
});

Deno.test("a sequence over both directions fires on the connection that did it, and on no other", async () => {
  await using stack = new AsyncDisposableStack();
  const [proxy] = await behind(stack, {
    hooks: defineHooks([sequence(["AUTH", "AUTH", "AUTH"], () => close("too many"), { within: "30s" })]),
  });
  using bad = await Wire.open(proxy.port);
  using good = await Wire.open(proxy.port);
  await good.write("AUTH\nAUTH\nx\n");
  for (const line of ["AUTH", "x", "AUTH"]) {
    await bad.write(`${line}\n`);
    assertEquals(await bad.line(), `re ${line}`);
  }
  await bad.write("AUTH\nx\n");
  assertEquals(await bad.rest(), "too many\n");
  for (const line of ["re AUTH", "re AUTH", "re x"]) assertEquals(await good.line(), line);
});

Deno.test("an upstream that is not there is told as unavailable, and works again once it is", async () => {
  await using stack = new AsyncDisposableStack();
  const [proxy, upstream] = await behind(stack);
  const address = upstream.addresses[0].replace("ask", "tcp");
  using first = await Wire.open(proxy.port);
  await first.write("a\n");
  assertEquals(await first.line(), "re a");
  await upstream.close({ immediate: true });
  assertEquals(await first.rest().catch(() => ""), "");
  using second = await Wire.open(proxy.port);
  await second.write("a\nb\n");
  assertEquals(await second.rest(), "unavailable connect_failed\n".repeat(2));
  assertEquals(proxy.stats.errors.upstream_unavailable, 1);
  stack.use(
    await listen(address, { protocol: ask, onMessage: (connection) => void connection.send("back") }),
  );
  using third = await Wire.open(proxy.port);
  await third.write("a\n");
  assertEquals(await third.line(), "back");
});

Deno.test("several upstreams are tried in order, or each in its turn", async () => {
  await using stack = new AsyncDisposableStack();
  const named = async (name: string) =>
    stack.use(await listen("text://127.0.0.1:0", { onConnect: (connection) => connection.close(name) }));
  const [one, two] = [await named("one"), await named("two")];
  const gone = await listen("text://127.0.0.1:0");
  await gone.close();
  const upstream = [gone, one, two].map(upstreamOf);
  for (const [balance, wanted] of [["first", "one one one"], ["round-robin", "one one two"]] as const) {
    const proxy = stack.use(await listen("text://127.0.0.1:0", { upstream, balance }));
    const heard = [];
    for (let count = 0; count < 3; count++) {
      using wire = await Wire.open(proxy.port);
      heard.push((await wire.rest()).trim());
    }
    assertEquals(heard.join(" "), wanted);
  }
});

for (const onBadFrame of ["close", "passthrough"] as const) {
  Deno.test(`bytes that make no frame: ${onBadFrame}`, async () => {
    using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const protocol: Protocol<string> = {
      ...ask,
      decode(frame) {
        if (frame[0] === 33) throw new Error("bad");
        return text(frame.subarray(0, -1));
      },
    };
    await using proxy = await listen("tcp://127.0.0.1:0", {
      protocol,
      onBadFrame,
      upstream: `tcp://127.0.0.1:${server.addr.port}`,
      hooks: defineHooks([on("secret", () => drop())]),
    });
    const accepted = server.accept();
    using wire = await Wire.open(proxy.port);
    using upstream = new Wire(await accepted);
    await wire.write("a\nsecret\n!bad\nsecret\n");
    await wire.conn.closeWrite();
    assertEquals(await upstream.rest(), onBadFrame === "close" ? "a\n" : "a\n!bad\nsecret\n");
    assertEquals(proxy.stats.errors, onBadFrame === "close" ? { bad_message: 1 } : { passthrough: 1 });
  });
}

Deno.test("a client that does not read holds the upstream back, and memory with it", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(
    await listen("raw://127.0.0.1:0", {
      limits: { maxSendBytes: "1GiB" },
      onConnect(connection) {
        for (let count = 0; count < 64; count++) connection.send(new Uint8Array(1_000_000));
      },
    }),
  );
  const proxy = stack.use(
    await listen("raw://127.0.0.1:0", { upstream: upstreamOf(upstream), limits: { maxSendBytes: "256KiB" } }),
  );
  using wire = await Wire.open(proxy.port);
  await until(() => (proxy.connections()[0]?.queuedBytes ?? 0) >= 256 * 1024);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertLess(proxy.connections()[0].queuedBytes, 512 * 1024);
  const room = new Uint8Array(1_000_000);
  for (let left = 64_000_000; left > 0;) left -= (await soon(wire.conn.read(room)))!;
});

Deno.test("the PROXY header tells the upstream whom it speaks for, and is believed from those listed only", async () => {
  await using stack = new AsyncDisposableStack();
  const trusting = stack.use(
    await listen("text://127.0.0.1:0", {
      acceptProxyProtocol: ["127.0.0.0/8"],
      onMessage: (connection: Connection<string>) => {
        const { hostname, port } = connection.remoteAddr as Deno.NetAddr;
        connection.send(`${hostname} ${port}`);
      },
    }),
  );
  for (const sendProxyProtocol of ["v1", "v2"] as const) {
    const proxy = stack.use(
      await listen("text://127.0.0.1:0", { upstream: upstreamOf(trusting), sendProxyProtocol }),
    );
    using wire = await Wire.open(proxy.port);
    await wire.write("who\n");
    assertEquals(await wire.line(), `127.0.0.1 ${(wire.conn.localAddr as Deno.NetAddr).port}`);
  }
  using forged = await Wire.open(trusting.port);
  const address = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 7 });
  const header = formatProxyHeader(1, address("192.0.2.1"), address("192.0.2.2"));
  await forged.write(header.subarray(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await forged.write(Uint8Array.of(...header.subarray(20), ...new TextEncoder().encode("who\n")));
  assertEquals(await forged.line(), "192.0.2.1 7");
  using without = await Wire.open(trusting.port);
  await without.write("who are you talking to\n");
  assertEquals(await without.rest().catch(() => ""), "");
  assertEquals(trusting.stats.errors.bad_proxy_header, 1);

  const distrusting = stack.use(
    await listen("text://127.0.0.1:0", {
      acceptProxyProtocol: ["192.0.2.0/24"],
      onMessage: (connection: Connection<string>, line) => void connection.send(line),
    }),
  );
  using direct = await Wire.open(distrusting.port);
  await direct.write("PROX\nP\n");
  assertEquals([await direct.line(), await direct.line()], ["PROX", "P"]);
  for (const version of [1, 2] as const) {
    using liar = await Wire.open(distrusting.port);
    const lie = formatProxyHeader(version, address("192.0.2.1"), address("192.0.2.2"));
    await liar.write(Uint8Array.of(...lie, ...new TextEncoder().encode("who\n")));
    assertEquals(await liar.rest().catch(() => ""), "");
  }
});

const folder = new URL("../fixtures/tls/", import.meta.url).pathname;
const tls: TlsSpec = {
  certificates: [{ cert: `${folder}one.crt`, key: `${folder}one.key` }],
  clientCertificate: "none",
};
const backTls: TlsSpec = {
  certificates: [{ cert: `${folder}two.crt`, key: `${folder}two.key` }],
  clientCertificate: "none",
};
const caCerts = [Deno.readTextFileSync(`${folder}one.crt`)];

Deno.test("TLS is ended at the listener and begun towards the upstream, which is verified", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(
    await listen("text+tls://127.0.0.1:0", {
      tls: backTls,
      onMessage: (connection: Connection<string>, line) =>
        void connection.send(`${connection.transport} ${line}`),
    }),
  );
  const address = `tls://localhost:${upstream.port}`;
  const verified = stack.use(
    await listen("text+tls://127.0.0.1:0", {
      tls,
      upstream: address,
      upstreamTls: { ca: `${folder}two.crt` },
      hooks: defineHooks([on("a", () => replace("b"))]),
    }),
  );
  await using client = await connect<string>(`text+tls://localhost:${verified.port}`, { tls: { caCerts } });
  assertEquals(await soon(client.pingPong("a")), "tls b");
  const refusing = stack.use(await listen("text://127.0.0.1:0", { upstream: address }));
  using wire = await Wire.open(refusing.port);
  assertEquals(await wire.rest(), "");
  assertEquals(refusing.stats.errors.upstream_unavailable, 1);
});

const starttls: Protocol<string> = {
  ...ask,
  upgrade: (message, direction) => message === "GO AHEAD" && direction === "out" ? "tls" : undefined,
};

Deno.test("STARTTLS through a hooked proxy: TLS on both sides, and hooks go on seeing commands", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol: starttls,
      tls: backTls,
      onMessage: (connection: Connection<string>, line: string) =>
        void connection.send(line === "STARTTLS" ? "GO AHEAD" : `${connection.transport} ${line}`),
    }),
  );
  const seen: string[] = [];
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol: starttls,
      tls,
      upstream: `tcp://localhost:${upstream.port}`,
      upstreamTls: { ca: `${folder}two.crt` },
      hooks: defineHooks([
        on(() => true, ({ command }) => void seen.push(command)),
        on("secret", () => reply("refused")),
      ]),
    }),
  );
  await using client = await connect<string>(`tcp://localhost:${proxy.port}`, {
    protocol: starttls,
    tls: { caCerts },
  });
  assertEquals(await soon(client.pingPong("hello")), "tcp hello");
  assertEquals(await soon(client.pingPong("STARTTLS")), "GO AHEAD");
  assertEquals(await soon(client.pingPong("inside")), "tls inside");
  assertEquals(await soon(client.pingPong("secret")), "refused");
  assertEquals(client.connection.transport, "tls");
  assertEquals(seen, ["hello", "STARTTLS", "inside", "secret"]);

  using wire = await Wire.open(proxy.port);
  await wire.write("STARTTLS\ninjected\n");
  const heard = await wire.rest().catch(() => "");
  assert(!heard.includes("injected"), heard);
  assertEquals(proxy.stats.errors, { plaintext_after_starttls: 1 });
});

Deno.test("UDP is proxied with a socket of its own for each client", async () => {
  await using stack = new AsyncDisposableStack();
  const ports = new Set<number>();
  const upstream = stack.use(
    await listen("text+udp://127.0.0.1:0", {
      onMessage(connection: Connection<string>, line) {
        ports.add((connection.remoteAddr as Deno.NetAddr).port);
        connection.send(`re ${line}`);
      },
    }),
  );
  const proxy = stack.use(
    await listen("text+udp://127.0.0.1:0", {
      upstream: `udp://127.0.0.1:${upstream.port}`,
      hooks: defineHooks([on("a", () => replace("b"))]),
      limits: { idleTimeout: "300ms" },
    }),
  );
  for (let count = 0; count < 2; count++) {
    await using client = await connect<string>(`text+udp://127.0.0.1:${proxy.port}`);
    assertEquals(await soon(client.pingPong("a")), "re b");
    assertEquals(await soon(client.pingPong("c")), "re c");
  }
  assertEquals(ports.size, 2);
  await until(() => proxy.stats.open === 0, "idle clients to be forgotten");
});

Deno.test("the frames of a datagram that hooks pass go on in one datagram", async () => {
  await using stack = new AsyncDisposableStack();
  const datagrams: string[] = [];
  const upstream = stack.use(
    await listen("raw+udp://127.0.0.1:0", {
      onMessage: (_connection: Connection, bytes: Uint8Array) => void datagrams.push(text(bytes)),
    }),
  );
  const seen: string[] = [];
  const proxy = stack.use(
    await listen("text+udp://127.0.0.1:0", {
      upstream: `udp://127.0.0.1:${upstream.port}`,
      hooks: defineHooks([
        on("drop", () => drop()),
        on(() => true, ({ command }) => void seen.push(command)),
      ]),
    }),
  );
  await using client = await connect<Uint8Array>(`raw+udp://127.0.0.1:${proxy.port}`);
  for (const datagram of ["one\ntwo\n", "drop\nthree\nfour\n"]) client.send(bytes(datagram));
  await until(() => datagrams.length === 2);
  assertEquals(datagrams, ["one\ntwo\n", "three\nfour\n"]);
  assertEquals(seen, ["one", "two", "three", "four"]);
});

Deno.test("a proxy cannot have a network that is none", async () => {
  await assertRejects(
    () => listen("text://127.0.0.1:0", { acceptProxyProtocol: ["10.0.0.0/33"] }),
    TypeError,
    "CIDR",
  );
});
