/**
 * A real redis-server behind a hooked proxy, with redis' own clients and ioredis before it.
 *
 * @module
 */

import { assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import { fromSource, Program, runProgram, TempFolder } from "../support/program.ts";
import { lacksRedis, RedisServer, runTool } from "../support/redis.ts";
import { soon, until, Wire } from "../support/wire.ts";

interface Proxied {
  port: number;
  counts(): Promise<Record<string, number>>;
}

async function proxied(stack: AsyncDisposableStack, isolation = "worker"): Promise<Proxied> {
  const redis = stack.use(await RedisServer.start());
  const folder = stack.use(new TempFolder());
  await folder.write({
    "protohost.yaml": `
services:
  redis:
    listen: resp://127.0.0.1:0
    upstream: "unix://${redis.path}"
    isolation: ${isolation}
    hooks:
      - { on: FLUSHALL, then: [{ reply: "-ERR refused" }] }
      - { on: "DEBUG", then: [{ replace: "ECHO instead" }] }
      - { sequence: [WATCH, MULTI, EXEC], then: [{ count: transactions }] }
`,
  });
  const program = stack.use(new Program(fromSource, ["serve"], folder.path));
  const [, port] = await program.until(/resp:\/\/127\.0\.0\.1:(\d+)/);
  return {
    port: Number(port),
    async counts() {
      const { stdout } = await runProgram(fromSource, ["status", "--json"], folder.path);
      return JSON.parse(stdout).services[0].stats.counts;
    },
  };
}

function proxyTest(name: string, test: (stack: AsyncDisposableStack) => Promise<void>): void {
  Deno.test({
    name,
    ignore: lacksRedis,
    async fn() {
      await using stack = new AsyncDisposableStack();
      await test(stack);
    },
  });
}

proxyTest(
  "rules in YAML refuse FLUSHALL in its place of a pipeline and count WATCH ... EXEC",
  async (stack) => {
    const { port, counts } = await proxied(stack);
    using wire = await Wire.open(port);
    await wire.write("SET a 1\r\nGET a\r\nFLUSHALL\r\nGET a\r\nDEBUG x\r\nFLUSHALL\r\nPING\r\n");
    const lines = [];
    while (lines.length < 10) lines.push((await wire.line()).trim());
    assertEquals(lines, [
      "+OK",
      "$1",
      "1",
      "-ERR refused",
      "$1",
      "1",
      "$7",
      "instead",
      "-ERR refused",
      "+PONG",
    ]);
    for (let round = 0; round < 3; round++) {
      await wire.write("WATCH a\r\nMULTI\r\nINCR a\r\nEXEC\r\n");
      assertEquals([await wire.line(), await wire.line(), await wire.line()].map((line) => line.trim()), [
        "+OK",
        "+OK",
        "+QUEUED",
      ]);
      assertEquals((await wire.line()).trim(), "*1");
      assertEquals((await wire.line()).trim(), `:${2 + round}`);
    }
    await until(async () => (await counts()).transactions === 3, "three transactions counted");
  },
);

proxyTest("redis-cli and redis-benchmark work through it as without", async (stack) => {
  const { port } = await proxied(stack);
  const at = ["-p", `${port}`];
  assertEquals((await runTool("redis-cli", [...at, "SET", "greeting", "hello"])).stdout, "OK\n");
  assertEquals((await runTool("redis-cli", [...at, "-3", "GET", "greeting"])).stdout, "hello\n");
  assertMatch((await runTool("redis-cli", [...at, "FLUSHALL"])).stdout, /ERR refused/);
  const big = "0123456789abcdef".repeat(1_000_000);
  assertEquals((await runTool("redis-cli", [...at, "-x", "SET", "big"], big)).stdout, "OK\n");
  assertEquals((await runTool("redis-cli", [...at, "GET", "big"])).stdout, `${big}\n`);
  const piped = Array.from({ length: 5000 }, (_, index) => `SET key${index} ${index}\r\n`).join("");
  assertMatch((await runTool("redis-cli", [...at, "--pipe"], piped)).stdout, /errors: 0, replies: 5000/);
  const benchmark = await runTool("redis-benchmark", [
    ...at,
    ..."-P 16 -n 20000 -q -t set,get,incr,lpush".split(" "),
  ]);
  assertEquals(benchmark.code, 0);
  assertEquals([...benchmark.stdout.matchAll(/requests per second, p50/g)].length, 4);
});

proxyTest("ioredis pipelines, subscribes and runs transactions through it", async (stack) => {
  const { port } = await proxied(stack);
  const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: 0 });
  const listener = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: 0 });
  try {
    const pipeline = client.pipeline();
    for (let index = 0; index < 1000; index++) pipeline.set(`p${index}`, index).flushall().get(`p${index}`);
    const results = await soon(pipeline.exec());
    assertEquals(results!.length, 3000);
    for (const [index, [error, value]] of results!.entries()) {
      if (index % 3 === 1) assertMatch(String(error), /ERR refused/);
      else assertEquals([error, value], [null, index % 3 === 0 ? "OK" : `${Math.floor(index / 3)}`]);
    }
    const heard: string[] = [];
    listener.on("message", (channel, message) => heard.push(`${channel} ${message}`));
    await soon(listener.subscribe("news", "sport"));
    assertGreater(await soon(client.publish("news", "one")), 0);
    await soon(client.publish("sport", "two"));
    await until(() => heard.length === 2);
    assertEquals(heard, ["news one", "sport two"]);
    await soon(client.watch("p1"));
    assertEquals(await soon(client.multi().incr("p1").get("p1").exec()), [[null, 2], [null, "2"]]);
    await assertRejects(() => soon(client.flushall()), Error, "refused");
  } finally {
    client.disconnect();
    listener.disconnect();
  }
});
