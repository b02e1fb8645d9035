/**
 * Every limit of a service: what exceeds it ends with its code, and harms nobody else.
 *
 * @module
 */

import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { type Connection, type LimitsInput, listen, type ListenOptions } from "@protohost/protohost";
import text from "../../protocols/text.ts";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { soon, until, Wire } from "../support/wire.ts";

interface Case {
  limits: LimitsInput;
  /** What the bad client sends; null if it only connects. */
  says: string | null;
  handler?: Partial<ListenOptions>;
}

const timeouts: Record<string, Case> = {
  idle_timeout: { limits: { idleTimeout: "150ms" }, says: "hello\n" },
  frame_timeout: { limits: { frameTimeout: "150ms" }, says: "hel" },
  first_frame_timeout: { limits: { firstFrameTimeout: "150ms" }, says: null },
  handler_timeout: {
    limits: { handlerTimeout: "150ms" },
    says: "hang\n",
    handler: {
      onMessage: (connection, line: string) =>
        line === "hang" ? new Promise(() => {}) : void connection.send(line),
    },
  },
};

for (const [code, { limits, says, handler }] of Object.entries(timeouts)) {
  Deno.test(`a connection ends with ${code}, not early, and others go on`, async () => {
    const ends: unknown[] = [];
    await using server = await listen("text://127.0.0.1:0", {
      onMessage: (connection: Connection<string>, line: string) => void connection.send(line),
      onError: (_, error) => void ends.push((error as { code?: string }).code),
      limits,
      ...handler,
    });
    using bad = await Wire.open(server.port);
    using good = await Wire.open(server.port);
    await good.write("first\n");
    assertEquals(await good.line(), "first");
    const started = performance.now();
    if (says !== null) await bad.write(says);
    const ended = soon(bad.rest());
    while (ends.length === 0) {
      await good.write("ping\n");
      assertEquals(await good.line(), "ping");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ended;
    assertGreaterOrEqual(performance.now() - started, 140);
    assertEquals(ends, [code]);
    assertEquals(server.stats.errors, { [code]: 1 });
    await good.write("last\n");
    assertEquals(await good.line(), "last");
  });
}

Deno.test("a promise that settles in time starts handlerTimeout anew for the next message", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    limits: { handlerTimeout: "250ms" },
    async onMessage(connection: Connection<string>, line: string) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      connection.send(line);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("x\n".repeat(15));
  for (let count = 0; count < 15; count++) assertEquals(await wire.line(), "x");
  assertEquals(server.stats.errors, {});
});

Deno.test("accepting pauses at maxConnections and goes on when one closes", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    limits: { maxConnections: 2 },
    onConnect: (connection: Connection<string>) => void connection.send("welcome"),
  });
  using one = await Wire.open(server.port);
  using two = await Wire.open(server.port);
  assertEquals([await one.line(), await two.line()], ["welcome", "welcome"]);
  using three = await Wire.open(server.port);
  const greeting = three.line();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(server.stats.open, 2);
  one.conn.close();
  assertEquals(await soon(greeting), "welcome");
});

Deno.test("past maxConnectionsPerAddress a connection is accepted and closed", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    limits: { maxConnectionsPerAddress: 1 },
    onConnect: (connection: Connection<string>) => void connection.send("welcome"),
  });
  using one = await Wire.open(server.port);
  assertEquals(await one.line(), "welcome");
  using two = await Wire.open(server.port);
  assertEquals(await two.rest().catch(() => ""), "");
  assertEquals(server.stats.errors, { too_many_connections: 1 });
  assertEquals([server.stats.refused, server.stats.accepted], [1, 1]);
  one.conn.close();
  await until(() => server.stats.open === 0);
  using three = await Wire.open(server.port);
  assertEquals(await three.line(), "welcome");
});

Deno.test("draining lets connections finish, says goodbye and cuts the rest at drainTimeout", async () => {
  const server = await listen("text://127.0.0.1:0", {
    limits: { drainTimeout: "200ms", lingerTimeout: "100ms" },
    onMessage: (connection: Connection<string>, line: string) => {
      connection.send(line);
      if (line === "quit") connection.close();
    },
    onDrain: (connection) => void connection.send("going"),
  });
  using polite = await Wire.open(server.port);
  using stubborn = await Wire.open(server.port);
  await polite.write("hello\n");
  await stubborn.write("hello\n");
  assertEquals([await polite.line(), await stubborn.line()], ["hello", "hello"]);
  const closed = server.close();
  assertEquals([await polite.line(), await stubborn.line()], ["going", "going"]);
  await polite.write("still here\nquit\n");
  assertEquals(await polite.rest(), "still here\nquit\n");
  assertEquals(await stubborn.rest(), "");
  await soon(closed);
  assertEquals(server.stats.errors, { drain_timeout: 1 });
  assertEquals(server.stats.open, 0);
});

Deno.test("a full buffer behind a pending promise is read on once that settles", async () => {
  let lines = 0;
  await using server = await listen("text://127.0.0.1:0", {
    limits: { maxFrameBytes: 1024 },
    async onMessage() {
      lines++;
      await new Promise((resolve) => setTimeout(resolve));
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write(("y".repeat(99) + "\n").repeat(500));
  await until(() => lines === 500, "every line");
});

/** Whether a connection is open some time after it has begun a frame. */
async function outlives(port: number, ms: number): Promise<boolean> {
  using wire = await Wire.open(port);
  await wire.write("hel");
  const ended = wire.rest().then(() => true, () => true);
  return !await Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, ms, false))]);
}

Deno.test("a frame may take as long as its protocol says, unless the configuration says otherwise", async () => {
  const hasty = { ...text, limits: { frameTimeout: "100ms" } };
  await using own = await listen("tcp://127.0.0.1:0", { protocol: hasty });
  assertEquals(await outlives(own.port, 5_000), false);
  await using given = await listen("tcp://127.0.0.1:0", { protocol: hasty, limits: { frameTimeout: "1m" } });
  assertEquals(await outlives(given.port, 500), true);
  await using folder = new TempFolder();
  await folder.write({
    "protocols/hasty.ts": `import text from "@protohost/protohost/protocols/text";
export default { ...text, name: "hasty", limits: { frameTimeout: "100ms" } };
`,
    "protohost.yaml": `
control: false
services:
  own: { listen: "hasty://127.0.0.1:0", handler: ./echo.ts }
  given: { listen: "hasty://127.0.0.1:0", handler: ./echo.ts, limits: { frameTimeout: 1m } }
`,
    "echo.ts": "export default { onMessage: (connection, line) => void connection.send(line) };\n",
  });
  await using program = new Program(fromSource, ["serve"], folder.path);
  const port = async (name: string) =>
    Number((await program.until(new RegExp(`^ {2}${name} +\\S+?:(\\d+)\\b`, "m")))[1]);
  assertEquals(await outlives(await port("own"), 5_000), false);
  assertEquals(await outlives(await port("given"), 500), true);
});
