/**
 * What either end of a proxy sees where the other is not there, or is lost.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { fromFileUrl } from "@std/path";
import {
  bytes,
  defineHooks,
  listen,
  type ListenOptions,
  on,
  reply,
  text,
  type TlsSpec,
} from "@protohost/protohost";
import { clientHandshake, serverHandshake } from "../../lib/transport/tls_handshake.ts";
import { readTlsFiles } from "../../lib/transport/tls_files.ts";
import { closeQuietly, type Transport, writeAll } from "../../lib/transport/transport.ts";
import { ask } from "../support/ask.ts";
import { resetAfter, resetAtOnce } from "../support/reset.ts";
import { soon, until, Wire } from "../support/wire.ts";

/** Where nobody listens. */
async function nowhere(): Promise<string> {
  const server = await listen("text://127.0.0.1:0");
  await server.close();
  return `tcp://127.0.0.1:${server.port}`;
}

const hooks = defineHooks([on("wipe", () => reply("refused"))]);

const UNAVAILABLE = "unavailable connect_failed\n";

const ends: Record<string, { options: Partial<ListenOptions>; said: string; heard: string }> = {
  "a client hears that there is no upstream when it asks, once for each request": {
    options: { protocol: ask, hooks },
    said: "a\nb\n",
    heard: UNAVAILABLE.repeat(2),
  },
  "a client hears that there is no upstream where nobody looks at what it asks": {
    options: { protocol: ask },
    said: "a\n",
    heard: UNAVAILABLE,
  },
  "hooks answer as they do where there is an upstream": {
    options: { protocol: ask, hooks },
    said: "wipe\na\nwipe\n",
    heard: `refused\n${UNAVAILABLE}refused\n`,
  },
};

for (const [what, { options, said, heard }] of Object.entries(ends)) {
  Deno.test(what, async () => {
    await using proxy = await listen("tcp://127.0.0.1:0", { upstream: await nowhere(), ...options });
    using wire = await Wire.open(proxy.port);
    await until(() => proxy.stats.errors.upstream_unavailable === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(proxy.stats.bytesOut, 0);
    await wire.write(said);
    assertEquals(await wire.rest(), heard);
    wire.conn.close();
    await until(() => proxy.stats.open === 0);
  });
}

Deno.test("a client that asks before it is known that there is no upstream hears it in its turn", async () => {
  await using proxy = await listen("tcp://127.0.0.1:0", { upstream: await nowhere(), protocol: ask, hooks });
  using wire = await Wire.open(proxy.port);
  await wire.write("a\n");
  assertEquals(await wire.rest(), UNAVAILABLE);
});

Deno.test("a client hears that there is no upstream as the greeting where the server greets", async () => {
  const greeting = { ...ask, greets: true };
  await using proxy = await listen("tcp://127.0.0.1:0", { upstream: await nowhere(), protocol: greeting });
  using wire = await Wire.open(proxy.port);
  assertEquals(await wire.rest(), UNAVAILABLE);
});

Deno.test("a client is closed without a word where there is no upstream and the protocol has none", async () => {
  await using proxy = await listen("text://127.0.0.1:0", { upstream: await nowhere() });
  using wire = await Wire.open(proxy.port);
  assertEquals(await wire.rest(), "");
});

Deno.test("a client that asks nothing is waited for no longer than handlerTimeout where there is no upstream", async () => {
  await using proxy = await listen("tcp://127.0.0.1:0", {
    upstream: await nowhere(),
    protocol: ask,
    limits: { handlerTimeout: "100ms" },
  });
  using wire = await Wire.open(proxy.port);
  assertEquals(await wire.rest(), "");
});

Deno.test("an upstream sees a client that ends its half, or resets, before that is reached", async () => {
  using upstream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = await listen("raw://127.0.0.1:0", {
    upstream: `tcp://127.0.0.1:${upstream.addr.port}`,
  });
  using wire = await Wire.open(proxy.port);
  await wire.conn.closeWrite();
  using ended = new Wire(await soon(upstream.accept()));
  await ended.write("banner\n");
  assertEquals(await ended.rest(), "");
  await ended.write("after the end\n");
  ended.conn.close();
  assertEquals(await wire.rest(), "banner\nafter the end\n");

  await resetAtOnce(proxy.port);
  using reset = new Wire(await soon(upstream.accept()));
  assertEquals(await reset.rest().catch(() => ""), "");
  await until(() => proxy.stats.open === 0);
});

const folder = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));
const tls: TlsSpec = {
  certificates: [{ cert: `${folder}one.crt`, key: `${folder}one.key` }],
  clientCertificate: "none",
};

/** Reads to the end: what came, and the code of the error where that is cut off. */
async function readAll(transport: Transport): Promise<[heard: string, code: string | undefined]> {
  const room = new Uint8Array(1000);
  let heard = "";
  try {
    for (let count; (count = await soon(transport.read(room), "a read")) !== null;) {
      heard += text(room.subarray(0, count));
    }
    return [heard, undefined];
  } catch (error) {
    return [heard, (error as { code?: string }).code];
  }
}

Deno.test("a client over TLS can tell that an upstream was lost in the middle of an answer", async () => {
  for (const how of ["reset", "end"] as const) {
    const { promise: asked, resolve } = Promise.withResolvers<Socket>();
    const upstream = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => resolve(socket));
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    await using proxy = await listen("raw+tls://127.0.0.1:0", {
      tls,
      upstream: `tcp://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    });
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
    const client = await clientHandshake("127.0.0.1", { insecure: true }, 0)(conn, undefined);
    await writeAll(client, bytes("q\n"));
    const behind = await soon(asked);
    behind.write("part of the answ");
    await until(() => proxy.stats.bytesOut === 16);
    if (how === "reset") behind.resetAndDestroy();
    else behind.end();
    const cut = how === "reset" ? "tls_truncated" : undefined;
    assertEquals(await readAll(client), ["part of the answ", cut]);
    closeQuietly(client);
    await new Promise((resolve) => upstream.close(resolve));
  }
});

Deno.test("an upstream over TLS can tell that a client was lost in the middle of an upload", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = await listen("raw://127.0.0.1:0", {
    upstream: `tls://127.0.0.1:${listener.addr.port}`,
    upstreamTls: { verify: false },
  });
  const material = await readTlsFiles(tls);
  for (const how of ["reset", "end"] as const) {
    const accepted = listener.accept();
    let heardAll = () => {};
    const heard = new Promise<void>((resolve) => heardAll = resolve);
    const leaving = how === "reset" ? resetAfter(proxy.port, "half of i", () => heard) : (async () => {
      using wire = await Wire.open(proxy.port);
      await wire.write("half of i");
      await heard;
    })();
    const behind = await serverHandshake(material, 0)(await soon(accepted), undefined);
    const room = new Uint8Array(100);
    assertEquals(await soon(behind.read(room)), 9);
    heardAll();
    await leaving;
    assertEquals(await readAll(behind), ["", how === "reset" ? "tls_truncated" : undefined]);
    closeQuietly(behind);
  }
});
