import { assertEquals, assertThrows } from "@std/assert";
import { createStats } from "../../lib/contract/stats.ts";
import { ShapeError } from "../../lib/spec/shape.ts";
import type { FromWorker } from "../../lib/spec/worker_messages.ts";
import { checkFromWorker } from "../../lib/spec/worker_message_shapes.ts";

const stats = createStats();
const endpoint = { protocol: "text", transport: "tcp" as const, hostname: "127.0.0.1", port: 7 };
const error = { name: "Error", code: "error", message: "m", stack: "at x.ts:1:1" };

const GOOD: FromWorker[] = [
  {
    type: "loaded",
    endpoints: [endpoint, { protocol: "", transport: "unix", path: "/x" }],
    protocols: ["text"],
  },
  {
    type: "loaded",
    endpoints: [],
    protocols: [],
    hooks: [{ command: "*", direction: "in", protocols: ["a"], hooks: ["h"], warnings: ["w"] }],
    refusals: [{ bytes: "aGk=" }, { bytes: "", greets: true }],
  },
  { type: "load_failed", error },
  { type: "loaded", endpoints: [], protocols: [], files: ["file:///a.ts"] },
  { type: "load_failed", error, files: ["file:///a.ts"] },
  { type: "imported", files: ["file:///a.ts"] },
  { type: "ready", endpoints: [endpoint] },
  { type: "listen_failed", error: { name: "E", code: "c", message: "" } },
  { type: "unlistened" },
  { type: "drained", finished: 1, cut: 0 },
  { type: "stopped", stats },
  { type: "pong", id: 1, stats: { ...stats, errors: { constructor: 2 }, counts: { "a b": 1 } } },
  { type: "pong", id: 2, stats, pool: { processes: 1, busy: 1, spare: 0, waiting: 0, memoryBytes: 5 } },
  {
    type: "connections",
    id: 3,
    connections: [{
      ...{
        id: "a.1.0.1",
        service: "a",
        transport: "tcp",
        remote: "r",
        local: "l",
        state: "open",
        draining: true,
      },
      ...{ ageMs: 0.5, idleMs: 0, bytesRead: 1, bytesWritten: 2, queuedBytes: 3 },
    }],
  },
  {
    type: "act",
    id: 4,
    request: {
      hook: 0,
      action: 1,
      event: {
        event: "command",
        command: "A",
        direction: "in",
        connection: { id: "a.1.0.1", remote: "127.0.0.1:5" },
        at: "2026-01-02T03:04:05Z",
      },
      message: "{}",
    },
  },
  { type: "want", waiting: 2 },
  { type: "want", waiting: 0, more: true },
  { type: "returned", connections: 3 },
  { type: "claim", peers: [{ address: "a" }, { network: "n" }], gone: [{ address: "a", network: "n" }] },
  { type: "publish", topic: "t", json: "{}" },
  { type: "subscribe", topic: "t" },
  { type: "unsubscribe", topic: "t" },
  {
    type: "log",
    records: [{
      level: "info",
      category: ["protohost", "a"],
      message: "m",
      template: "{m}",
      properties: { x: [1] },
      timestamp: 5,
    }],
  },
  { type: "exited", how: "self.close()" },
  { type: "crashed", error },
  { type: "closed" },
  { type: "memory", rssBytes: 1, grade: "high" },
  { type: "restart_wanted" },
];

Deno.test("every message of a worker passes the check as it is, over a pipe too", () => {
  for (const message of GOOD) {
    assertEquals(checkFromWorker(message), message);
    assertEquals(checkFromWorker(JSON.parse(JSON.stringify(message))), message);
  }
});

Deno.test("a field that no message has does not pass the check", () => {
  assertEquals(checkFromWorker({ type: "closed", more: "x" }), { type: "closed" });
  assertEquals(Object.keys(checkFromWorker({ type: "exited", how: "x", __proto__: { a: 1 }, b: 2 })), [
    "type",
    "how",
  ]);
});

Deno.test("what is no message of a worker is refused with what was found and wanted", () => {
  const cases: [unknown, string][] = [
    [null, "message is null, wanted an object"],
    [5, "message is 5, wanted an object"],
    ["pong", 'message is "pong", wanted an object'],
    [{}, "message.type is undefined, wanted a kind of message"],
    [{ type: "hello" }, 'message.type is "hello", wanted a kind of message'],
    [{ type: "constructor" }, 'message.type is "constructor", wanted a kind of message'],
    [{ type: ["pong"] }, "message.type is an array of 1, wanted a kind of message"],
    [Object.create({ type: "closed" }), "message.type is undefined, wanted a kind of message"],
    [{ type: "pong", id: 1 }, "pong.stats is undefined, wanted an object"],
    [{ type: "pong", id: "1", stats }, 'pong.id is "1", wanted an integer from 0'],
    [
      { type: "pong", id: 1, stats: { ...stats, open: -1 } },
      "pong.stats.open is -1, wanted an integer from 0",
    ],
    [
      { type: "pong", id: 1, stats: { ...stats, open: NaN } },
      "pong.stats.open is NaN, wanted an integer from 0",
    ],
    [
      { type: "pong", id: 1, stats: { ...stats, errors: null } },
      "pong.stats.errors is null, wanted an object",
    ],
    [
      { type: "pong", id: 1, stats: { ...stats, counts: JSON.parse('{"__proto__": {"x": 1}}') } },
      'pong.stats.counts["__proto__"] is an object, wanted an integer from 0',
    ],
    [{ type: "ready", endpoints: "x" }, 'ready.endpoints is "x", wanted an array of at most 1000'],
    [
      { type: "ready", endpoints: [{ ...endpoint, port: 65536 }] },
      "ready.endpoints[0].port is 65536, wanted an integer from 0 to 65535",
    ],
    [
      { type: "ready", endpoints: [{ ...endpoint, transport: "sctp" }] },
      'ready.endpoints[0].transport is "sctp", wanted one of tcp, tls, udp',
    ],
    [{ type: "crashed" }, "crashed.error is undefined, wanted an object"],
    [
      { type: "crashed", error: { ...error, message: {} } },
      "crashed.error.message is an object, wanted a string",
    ],
    [{ type: "memory", rssBytes: "x", grade: "high" }, 'memory.rssBytes is "x", wanted an integer from 0'],
    [{ type: "memory", rssBytes: 1, grade: "big" }, 'memory.grade is "big", wanted one of ok, high, over'],
    [
      { type: "connections", id: 1, connections: "abc" },
      'connections.connections is "abc", wanted an array of at most 50000',
    ],
    [
      { type: "subscribe", topic: { a: 1 } },
      "subscribe.topic is an object, wanted a string of at most 1024 characters",
    ],
    [
      { type: "publish", topic: "x".repeat(1025), json: "1" },
      "publish.topic is a string of 1025 characters, wanted a string of at most 1024 characters",
    ],
    [
      { type: "publish", topic: "x", json: 5 },
      "publish.json is 5, wanted a string of at most 8388608 characters",
    ],
    [
      {
        type: "log",
        records: [{ level: "nope", category: 5, message: null, properties: null, timestamp: "x" }],
      },
      'log.records[0].level is "nope", wanted one of trace, debug, info, warning, error, fatal',
    ],
    [
      { type: "log", records: [{ level: "info", category: [], message: "", properties: [], timestamp: 0 }] },
      "log.records[0].properties is an array of 0, wanted an object",
    ],
    [{ type: "act", id: 1, request: { hook: -1 } }, "act.request is an object, wanted an action of a rule"],
  ];
  for (const [message, expected] of cases) {
    assertEquals(assertThrows(() => checkFromWorker(message), ShapeError).message, expected);
  }
});

Deno.test("names beyond the bound of counters are refused", () => {
  const errors = Object.fromEntries(Array.from({ length: 1002 }, (_, i) => [`e${i}`, 1]));
  assertThrows(
    () => checkFromWorker({ type: "pong", id: 1, stats: { ...stats, errors } }),
    ShapeError,
    "pong.stats.errors is an object, wanted an object of at most 1001 names",
  );
});

Deno.test("the properties of a log record are cut in depth, in number and in length", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = [deep];
  // Each level shares the next one ten times over: written out it would be without end.
  let shared: unknown = "x";
  for (let i = 0; i < 30; i++) shared = Array(10).fill(shared);
  const properties = { deep, shared, long: "y".repeat(1e6) };
  const message = checkFromWorker({
    type: "log",
    records: [{ level: "info", category: [], message: "m".repeat(1e6), properties, timestamp: 0 }],
  });
  if (message.type !== "log") throw new Error("a kind that was not sent");
  const [record] = message.records;
  assertEquals(record.message.length, 16_390);
  assertEquals(record.properties.deep, [[[[["[...]"]]]]]);
  assertEquals(JSON.stringify(record).length < 150_000, true);
});
