import { assertEquals } from "@std/assert";
import { type ConfigError, resolveConfig } from "../../lib/config/mod.ts";
import type { ConfigInput } from "../../lib/config/config_input.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";
import type { FromWorker } from "../../lib/spec/worker_messages.ts";
import { PoolBus } from "../../lib/pool/pool_bus.ts";
import { refusalOf } from "../../lib/service/refusal.ts";
import { DEFAULT_POOL, missing, sharePool } from "../../lib/spec/pool_spec.ts";
import echo from "../../protocols/echo.ts";
import resp from "../../protocols/resp/mod.ts";
import smtp from "../../protocols/smtp/mod.ts";

const listen = "text://127.0.0.1:1";
const read = (input: ConfigInput) => resolveConfig(input, { base: "/srv" }).services.a.pool;

function problemsOf(input: ConfigInput): string[] {
  try {
    resolveConfig(input, { base: "/srv" });
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

Deno.test("a pool starts what connections and its spare places want, within its size and what a machine can do", () => {
  const cases: [
    count: [processes: number, starting: number, spare: number, waiting: number],
    limits: [size: number, spare: number],
    atOnce: number,
    wanted: number,
  ][] = [
    [[0, 0, 0, 0], [8, 2], 4, 2],
    [[2, 0, 2, 0], [8, 2], 4, 0],
    [[2, 0, 1, 0], [8, 2], 4, 1],
    [[2, 1, 0, 0], [8, 2], 4, 1],
    [[3, 0, 0, 5], [8, 2], 4, 4],
    [[7, 0, 0, 5], [8, 2], 4, 1],
    [[8, 0, 0, 5], [8, 2], 4, 0],
    [[4, 4, 0, 5], [8, 2], 4, 0],
    // More are there than are wanted, as when connections have gone that waited.
    [[6, 2, 4, 0], [8, 2], 4, 0],
    [[1, 0, 0, 0], [8, 0], 4, 0],
  ];
  for (const [[processes, starting, spare, waiting], [size, most], atOnce, wanted] of cases) {
    const count = { processes, starting, spare, waiting };
    assertEquals(missing(count, { size, spare: most }, atOnce), wanted, JSON.stringify(count));
  }
});

Deno.test("each instance has its share of a pool, rounded up", () => {
  assertEquals(sharePool({ size: 5, spare: 1, waitMs: 7 }, 2), { size: 3, spare: 1, waitMs: 7 });
});

Deno.test("a pool is read from a service over the defaults, and only where connections have processes", () => {
  const isolation = "connection";
  assertEquals(read({ services: { a: { listen, isolation } } }), { ...DEFAULT_POOL });
  assertEquals(
    read({
      defaults: { isolation, pool: { size: 9, wait: "3s" } },
      services: { a: { listen, pool: { spare: 0, wait: 0 } } },
    }),
    { size: 9, spare: 0, waitMs: 0 },
  );
  assertEquals(read({ defaults: { pool: { size: 9 } }, services: { a: { listen } } }), undefined);
  assertEquals(problemsOf({ services: { a: { listen, pool: { size: 3 } } } }), [
    "services.a.pool: pool has no effect without isolation: connection",
  ]);
  assertEquals(problemsOf({ services: { a: { listen, isolation, pool: { size: 0, wait: "soon" } } } }), [
    "services.a.pool.size: found 0, wanted a whole number from 1 to 65536",
    'services.a.pool.wait: found "soon", wanted a duration such as 500ms, 30s or 5m',
  ]);
  assertEquals(
    problemsOf({ defaults: { isolation }, services: { a: { listen: [listen, "text+udp://h:1"] } } }),
    [
      'services.a.listen[1]: found "text+udp://h:1" with isolation: connection, ' +
      "wanted another isolation: UDP has no connections",
    ],
  );
});

Deno.test("the bus of a pool tells the supervisor the first and the last wish for a topic, and what its own say", () => {
  const posted: FromWorker[] = [];
  const heard: string[] = [];
  const bus = new PoolBus((message) => posted.push(message));
  const [one, two] = ["one", "two"].map((name) => ({
    deliver: (topic: string, message: unknown) => void heard.push(`${name} ${topic} ${message}`),
  }));
  bus.subscribe(one, "t");
  bus.subscribe(two, "t");
  bus.publish(one, "t", "1");
  bus.publish(null, "t", "2");
  bus.forget(one);
  bus.publish(one, "other", "3");
  bus.unsubscribe(two, "t");
  assertEquals(heard, ["two t 1", "one t 2", "two t 2"]);
  assertEquals(posted, [
    { type: "subscribe", topic: "t" },
    { type: "publish", topic: "t", json: "1" },
    { type: "publish", topic: "other", json: "3" },
    { type: "unsubscribe", topic: "t" },
  ]);
});

Deno.test("what is said to those that are refused is the protocol's unavailable, or nothing", async () => {
  const limits = resolveLimits();
  const said = async (protocol: Parameters<typeof refusalOf>[0]) =>
    new TextDecoder().decode(await refusalOf(protocol, limits));
  assertEquals(await said(resp), "-ERR upstream unavailable\r\n");
  assertEquals(await said(smtp), "421 Service not available, try again later\r\n");
  assertEquals(await said(echo), "");
  const throws = { ...echo, unavailable: () => raise("on purpose") };
  assertEquals(await said(throws), "");
});

function raise(message: string): never {
  throw new Error(message);
}
