/**
 * Proxies under load: many messages however split, an upstream that dies and comes back.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { type Connection, defineHooks, listen, on } from "@protohost/protohost";
import { until, Wire } from "../support/wire.ts";

/** Numbers from a seed, the same each time. */
function randomFrom(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
}

const MESSAGES = 100_000;

const wireFormats: Record<string, (index: number) => Uint8Array> = {
  text: (index) => new TextEncoder().encode(`message ${index} ${"é".repeat(index % 50)}\n`),
  jsonnl: (index) =>
    new TextEncoder().encode(`{ "index": ${index},  "odd spacing" :[${"1,".repeat(index % 20)}1]}\n`),
  frame(index) {
    const bytes = new Uint8Array(4 + index % 200).fill(index);
    new DataView(bytes.buffer).setUint32(0, bytes.length);
    return bytes;
  },
};

for (const [name, format] of Object.entries(wireFormats)) {
  Deno.test(`${MESSAGES} randomly split ${name} messages each way come out as they went in`, async () => {
    using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const seen = { in: 0, out: 0 };
    await using proxy = await listen(`${name}://127.0.0.1:0`, {
      upstream: `tcp://127.0.0.1:${server.addr.port}`,
      hooks: defineHooks([on(() => true, ({ direction }) => void seen[direction]++, { direction: "both" })]),
    });
    const messages = Array.from({ length: MESSAGES }, (_, index) => format(index));
    const all = new Uint8Array(await new Blob(messages as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    const accepted = server.accept();
    using client = await Deno.connect({ port: proxy.port });
    using upstream = await accepted;
    const random = randomFrom(42);
    async function send(conn: Deno.Conn): Promise<void> {
      for (let at = 0; at < all.length;) {
        at += await conn.write(all.subarray(at, at + 1 + random(random(20) === 0 ? 60_000 : 300)));
      }
      await conn.closeWrite();
    }
    async function receive(conn: Deno.Conn): Promise<void> {
      const room = new Uint8Array(65_536);
      let at = 0;
      for (let count; (count = await conn.read(room)) !== null; at += count) {
        assertEquals(
          compare(room.subarray(0, count), all.subarray(at, at + count)),
          true,
          `bytes ${at} to ${at + count}`,
        );
      }
      assertEquals(at, all.length);
    }
    await Promise.all([send(client), send(upstream), receive(client), receive(upstream)]);
    assertEquals(seen, { in: MESSAGES, out: MESSAGES });
  });
}

function compare(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

Deno.test("an upstream killed and started again under load: clients hear of it, and nothing is left behind", async () => {
  const start = (address: string) =>
    listen(address, { onMessage: (connection: Connection<string>, line) => void connection.send(line) });
  let upstream = await start("text://127.0.0.1:0");
  const address = upstream.addresses[0];
  await using proxy = await listen("text://127.0.0.1:0", {
    upstream: `tcp://127.0.0.1:${upstream.port}`,
    hooks: defineHooks([on("never", () => undefined, { direction: "both" })]),
  });
  let working = true;
  const outcomes = { answered: 0, ended: 0 };
  async function work(): Promise<void> {
    while (working) {
      try {
        using wire = await Wire.open(proxy.port);
        for (let count = 0; count < 20 && working; count++) {
          await wire.write("hello\n");
          assertEquals(await wire.line(), "hello");
          outcomes.answered++;
        }
      } catch {
        outcomes.ended++;
      }
    }
  }
  const workers = Array.from({ length: 20 }, work);
  try {
    for (let round = 0; round < 5; round++) {
      const { answered, ended } = outcomes;
      await until(() => outcomes.answered > answered + 200, "answers");
      await upstream.close({ immediate: true });
      await until(() => outcomes.ended > ended + 20, "clients to hear of it");
      upstream = await start(address);
    }
    const { answered } = outcomes;
    await until(() => outcomes.answered > answered + 200, "answers after it is back");
  } finally {
    working = false;
    await Promise.all(workers);
    await upstream.close({ immediate: true });
  }
  assertGreater(proxy.stats.errors.upstream_unavailable, 0);
  await until(() => proxy.stats.open === 0, "every connection to be gone");
  assertEquals(proxy.stats.accepted, proxy.stats.closed);
});
