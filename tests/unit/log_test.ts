import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { configureSync, getLogger, type LogRecord as TapeRecord, resetSync } from "@logtape/logtape";
import { FloodGate } from "../../lib/log/log_flood.ts";
import { configureLog, formatterOf, serviceLog } from "../../lib/log/log.ts";
import { emitRecords, toLogRecord } from "../../lib/log/log_record.ts";
import { LogRelay } from "../../lib/log/log_relay.ts";
import type { LogRecord } from "../../lib/spec/log_spec.ts";

function record(message: string, timestamp: number, category = ["protohost", "a"]): LogRecord {
  return { level: "info", category, message, properties: {}, timestamp };
}

function tape(message: unknown[], properties: Record<string, unknown> = {}): TapeRecord {
  return {
    level: "error",
    category: ["protohost", "chat"],
    message,
    rawMessage: message.map(String).join("{}"),
    timestamp: Date.UTC(2026, 0, 2, 3, 4, 5),
    properties,
  };
}

Deno.test("records that are the same are folded into one that says how many there were", () => {
  const gate = new FloodGate({ same: 3, windowMs: 1000 });
  const written = Array.from({ length: 515 }, (_, i) => gate.pass(record("hit", i), "hit")).flat();
  assertEquals(written.map(({ message }) => message), ["hit", "hit", "hit"]);
  assert(gate.pending);
  assertEquals(gate.sweep(999), []);
  const [summary] = gate.sweep(1000);
  assertEquals(summary.message, "hit ... repeated 512 times");
  assertEquals(summary.properties.repeated, 512);
  assert(!gate.pending);
});

Deno.test("records of one template with other values are all written", () => {
  const gate = new FloodGate();
  const messages = Array.from({ length: 4000 }, (_, i) => `Message ${i} for ann: 250`);
  const written = messages.flatMap((message, i) =>
    gate.pass(record(message, Math.floor(i / 4)), "Message {id} for {to}: {code}")
  );
  assertEquals(written.map(({ message }) => message), messages);
  assertEquals(gate.sweep(Infinity), []);
});

Deno.test("what differs in its level, its category or a property alone is not the same", () => {
  const gate = new FloodGate({ same: 1 });
  for (let i = 0; i < 5; i++) gate.pass(record("a", 0), "a");
  assertEquals(gate.pass(record("a", 0), "a"), []);
  for (
    const other of [
      record("b", 0),
      record("a", 0, ["protohost", "other"]),
      { ...record("a", 0), level: "error" as const },
      { ...record("a", 0), properties: { id: 2 } },
    ]
  ) assertEquals(gate.pass(other, "a"), [other]);
});

Deno.test("of a kind beyond the bound of a second the rest is dropped, and told with its number and template", () => {
  const gate = new FloodGate({ limit: 3, windowMs: 1000 });
  const pass = (i: number) => gate.pass(record(`hit ${i}`, i), "hit {i}");
  const written = Array.from({ length: 1000 }, (_, i) => pass(i)).flat();
  assertEquals(written.map(({ message }) => message), ["hit 0", "hit 1", "hit 2"]);
  // Others are not drowned by it.
  assertEquals(gate.pass(record("else", 999), "else").length, 1);
  assert(gate.pending);
  const [loss, next] = pass(1000);
  assertEquals(
    loss.message,
    '997 lines dropped of "hit {i}": more than 3 within 1000 ms (log.flood)',
  );
  assertEquals([loss.level, loss.category], ["warning", ["protohost", "a"]]);
  assertEquals(loss.properties, { dropped: 997, template: "hit {i}" });
  assertEquals(next.message, "hit 1000");
  assert(!gate.pending);
});

Deno.test("what is told of dropped records is as grave as the gravest, so that it is written where that would be", () => {
  const gate = new FloodGate({ limit: 1 });
  for (const level of ["info", "error", "info"] as const) {
    gate.pass({ ...record(`${level} ${Math.random()}`, 0), level }, "x {i}");
  }
  assertEquals(gate.sweep(1000).map(({ level }) => level), ["error"]);
});

Deno.test("a bound of 0 writes all, the same ones too", () => {
  const gate = new FloodGate({ limit: 0, same: 1 });
  const written = Array.from({ length: 100 }, () => gate.pass(record("x", 0), "x")).flat();
  assertEquals(written.length, 100);
});

Deno.test("a window ends when the clock is set back", () => {
  const gate = new FloodGate({ limit: 1, windowMs: 1000 });
  for (const i of [0, 1]) gate.pass(record(`x ${i}`, 1e9), "x {i}");
  assertEquals(gate.pass(record("x 2", 5), "x {i}").map(({ message }) => message.slice(0, 26)), [
    '1 line dropped of "x {i}":',
    "x 2",
  ]);
});

Deno.test("a new window begins with what the last one folded", () => {
  const gate = new FloodGate({ same: 1, windowMs: 10 });
  gate.pass(record("x", 0), "x");
  gate.pass(record("x", 1), "x");
  assertEquals(gate.pass(record("x", 20), "x").map(({ message }) => message), [
    "x ... repeated 1 time",
    "x",
  ]);
});

Deno.test("of all kinds together so much passes in a second, and how many lines did not is told", () => {
  const gate = new FloodGate({ maxLength: 2500 });
  const lines = Array.from(
    { length: 100 },
    (_, i) => gate.pass(record(`${i} ${"x".repeat(400)}`, i), `kind ${i}`),
  );
  assertEquals(lines.flat().length, 4);
  assert(gate.pending);
  assertEquals(gate.sweep(900), []);
  assertEquals(gate.sweep(1100).map(({ message }) => message), [
    `96 lines dropped, the last one "99 ${"x".repeat(197)}": more than 2500 characters within 1000 ms`,
  ]);
  assert(!gate.pending);
  assertEquals(gate.pass(record("next", 1200), "next").length, 1);
});

Deno.test("kinds beyond what the gate tells apart are bounded as one", () => {
  const gate = new FloodGate({ limit: 1, windowMs: 10, maxKinds: 2 });
  const written = ["a", "b", "c", "d", "e"].flatMap((kind) => gate.pass(record(kind, 0), kind));
  assertEquals(written.map(({ message }) => message), ["a", "b", "c"]);
  assertEquals(gate.sweep(10).map(({ message }) => message), [
    '2 lines dropped of several kinds, the last one "e": more than 1 within 10 ms (log.flood)',
  ]);
});

Deno.test("a record becomes JSON whatever it holds", () => {
  const circular: Record<string, unknown> = {
    deep: { deep: { deep: { deep: { deep: { deep: { deep: 1 } } } } } },
  };
  circular.self = circular;
  const made = toLogRecord(tape(["a ", 1n, " b ", new Error("boom"), " c ", { x: 1 }, ""], {
    circular,
    nothing: undefined,
    call: () => {},
    nan: NaN,
    bytes: new Uint8Array(3),
    error: new TypeError("bad"),
    when: new Date(0),
    map: new Map([["k", new Set([1])]]),
    long: "x".repeat(20_000),
  }));
  assertEquals(made.message, `a 1 b Error: boom c {"x":1}`);
  const properties = JSON.parse(JSON.stringify(made.properties));
  assertEquals(properties, made.properties);
  assertEquals(properties.circular.self, "[circular]");
  assertEquals(properties.nan, "NaN");
  assertEquals(properties.bytes, "[3 bytes]");
  assertEquals(properties.error.message, "bad");
  assertEquals(properties.when, "1970-01-01T00:00:00.000Z");
  assertEquals(properties.map, { k: [1] });
  assertEquals(properties.long.length, 16_387);
});

Deno.test("a relay posts batches, and all that is left when it closes", () => {
  const batches: LogRecord[][] = [];
  const relay = new LogRelay((records) => batches.push(records), { same: 2 });
  for (let i = 0; i < 5; i++) relay.sink(tape(["told"]));
  assertEquals(batches, []);
  relay.close();
  assertEquals(batches.map((records) => records.map(({ message }) => message)), [
    ["told", "told", "told ... repeated 3 times"],
  ]);
});

Deno.test("a record is written in the name of its service and with the time of its arrival, whatever it claims", () => {
  const claims: [category: string[], written: string[]][] = [
    [["protohost", "a"], ["protohost", "a"]],
    [["protohost", "a", "part"], ["protohost", "a", "part"]],
    [["protohost", "good"], ["protohost", "a", "protohost", "good"]],
    [["protohost"], ["protohost", "a", "protohost"]],
    [[], ["protohost", "a"]],
    [["constructor", "__proto__", ""], ["protohost", "a", "_constructor", "___proto__", "_"]],
    [["library", "x.y"], ["protohost", "a", "library", "x_y"]],
    [["protohost", "a", "x\n2026 [WRN] good: Authentication failed"], [
      "protohost",
      "a",
      "x_2026_WRN_good_Authentication_failed",
    ]],
  ];
  const written: TapeRecord[] = [];
  configureSync({
    reset: true,
    sinks: { test: (record) => written.push(record) },
    loggers: [{ category: [], sinks: ["test"] }, { category: ["logtape", "meta"], lowestLevel: "fatal" }],
  });
  try {
    const records = claims.map(([category]): LogRecord => ({
      ...record("said {x}", 1, category),
      level: "warning",
      properties: { x: 1 },
    }));
    emitRecords(records, { service: "a", timestamp: 5 });
  } finally {
    resetSync();
  }
  assertEquals(
    written.map(({ category, level, message, timestamp, properties }) => ({
      ...{ category, level, message, timestamp, properties },
    })),
    claims.map(([, category]) => ({
      ...{ category, level: "warning" as const, message: ["said {x}"], timestamp: 5, properties: { x: 1 } },
    })),
  );
});

Deno.test("categories beyond the bound of a service are written under its own", () => {
  const written: TapeRecord[] = [];
  configureSync({
    reset: true,
    sinks: { test: (record) => written.push(record) },
    loggers: [{ category: [], sinks: ["test"] }, { category: ["logtape", "meta"], lowestLevel: "fatal" }],
  });
  try {
    const records = Array.from({ length: 200 }, (_, i) => record("x", 0, ["protohost", "many", `part ${i}`]));
    emitRecords([...records, records[5]], { service: "many", timestamp: 5 });
  } finally {
    resetSync();
  }
  const categories = written.map(({ category }) => category.join("."));
  assertEquals(new Set(categories).size, 101);
  assertEquals([categories[150], categories[200]], ["protohost.many", "protohost.many.part_5"]);
});

Deno.test("a record of a service whose name every object has is written under that name", () => {
  const heard: TapeRecord[] = [];
  configureSync({
    reset: true,
    sinks: { heard: (record) => heard.push(record) },
    loggers: [
      { category: ["protohost"], sinks: ["heard"], lowestLevel: "info" },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  try {
    for (const name of ["constructor", "toString", "__proto__"]) {
      serviceLog(name).info("own");
      emitRecords([record("sent", 5, ["protohost", name, "below"])], { service: name, timestamp: 5 });
      assertEquals(heard.splice(0).map(({ category }) => category), [
        ["protohost", name],
        ["protohost", name, "below"],
      ]);
    }
  } finally {
    resetSync();
  }
});

Deno.test("a pretty line names the service, and what a peer sent cannot make a line of its own", () => {
  const format = formatterOf({ level: "info", format: "pretty", file: "/x" });
  assertMatch(
    format(tape(["peer said ", "a\n2026 [INF] root: all is well\x1b[2J", ""])),
    /^2026-01-02 03:04:05\.000 \+00(:00)? \[ERR\] chat: peer said a\\n2026 \[INF\] root: all is well\\u001b\[2J\n$/,
  );
});

Deno.test("a pretty line shows what would turn its text around, wherever it stands; a JSON line stays JSON", () => {
  const turned = "\u202egnp.\u2066\x9b31m";
  const shown = "\\u202egnp.\\u2066\\u009b31m";
  const error = new TypeError(turned);
  error.stack = `TypeError: x\n    at f (file:///srv/a${turned}.ts:1:2)`;
  const parts = [`${turned} a `, turned, " b ", { key: turned }, " c ", error];
  const pretty = formatterOf({ level: "info", format: "pretty", file: "/log" })(tape(parts, { error }));
  assertEquals(
    pretty.replace(/^.*?chat: /, ""),
    `${shown} a ${shown} b {"key":"${shown}"} c TypeError: ${shown}\n    at f (file:///srv/a${shown}.ts:1:2)\n`,
  );
  const json = formatterOf({ level: "info", format: "json" })(tape(parts));
  assertEquals(
    JSON.parse(json).message,
    `${turned} a ${turned} b {"key":"${turned}"} c TypeError: ${turned}`,
  );
});

Deno.test("a pretty line of an error has its stack beneath", () => {
  const format = formatterOf({ level: "info", format: "pretty", file: "/x" });
  const line = format(
    tape(["crashed"], { error: { message: "x", stack: "Error: x\n    at f (file:///a.ts:1:2)" } }),
  );
  assertEquals(line.split("\n").slice(1), ["    at f (file:///a.ts:1:2)", ""]);
});

Deno.test("a failed handler's stack stands beneath its line in real lines, without protohost's own frames", () => {
  const own = `    at FrameLoop.pass (${
    new URL("../../lib/framing/frame_loop.ts", import.meta.url).href
  }:1:2)`;
  const error = new RangeError("bad");
  error.stack = `RangeError: bad\n    at f (file:///a.ts:1:2)\n${own}`;
  const format = formatterOf({ level: "info", format: "pretty", file: "/x" });
  const { message, properties } = toLogRecord(tape(["handler_error: ", error, ""], { error }));
  for (const record of [tape([message], properties), tape(["handler_error: ", error, ""], { error })]) {
    const [first, ...rest] = format(record).split("\n");
    assertMatch(first, /chat: handler_error: RangeError: bad$/);
    assertEquals(rest, ["    at f (file:///a.ts:1:2)", ""]);
  }
});

Deno.test("a JSON line has message, level, category, time and properties", () => {
  const format = formatterOf({ level: "info", format: "json" });
  const line = format(tape(["said ", "x\ny", ""], { n: 1 }));
  assertEquals(line.split("\n").length, 2);
  const json = JSON.parse(line);
  assertEquals(json.message, "said x\ny");
  assertEquals(json.level, "ERROR");
  assertEquals(json.properties, { n: 1 });
  assertEquals(Date.parse(json["@timestamp"]), Date.UTC(2026, 0, 2, 3, 4, 5));
});

Deno.test("the log goes to its file, by its level, and to a new one when that was moved away", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/a.log`;
  const log = configureLog({ level: "info", format: "json", file });
  try {
    serviceLog("chat").debug("not this");
    serviceLog("chat").info("one");
    log.setLevel("debug");
    serviceLog("chat").debug("two");
    await Deno.rename(file, `${file}.1`);
    log.reopen();
    getLogger("a user's own").info("three");
  } finally {
    log.close();
  }
  serviceLog("chat").info("after the end");
  const messages = async (path: string) =>
    (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line).message);
  assertEquals(await messages(`${file}.1`), ["one", "two"]);
  assertEquals(await messages(file), ["three"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "a log file that becomes a pipe holds up nobody: the log goes on where it is",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/a.log`;
    const log = configureLog({ level: "info", format: "json", file });
    try {
      serviceLog("chat").info("one");
      await Deno.rename(file, `${file}.1`);
      await new Deno.Command("mkfifo", { args: [file] }).output();
      {
        using _reader = await Deno.open(file, { read: true, write: true });
        assertThrows(() => log.reopen(), TypeError, `${file} is no file any more`);
        serviceLog("chat").info("two");
      }
      assertThrows(() => log.reopen(), TypeError, "it is a pipe that nobody reads, or a socket");
      serviceLog("chat").info("three");
    } finally {
      log.close();
    }
    const lines = (await Deno.readTextFile(`${file}.1`)).trim().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line).message), ["one", "two", "three"]);
    const start = () => configureLog({ level: "info", format: "json", file });
    assertThrows(start, TypeError, "it is a pipe that nobody reads, or a socket");
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("a program's own logging is left as it is", async () => {
  const written: unknown[] = [];
  configureSync({
    reset: true,
    sinks: { own: (record) => written.push(record.message[0]) },
    loggers: [{ category: [], sinks: ["own"] }, { category: ["logtape", "meta"], lowestLevel: "fatal" }],
  });
  const folder = await Deno.makeTempDir();
  try {
    const log = configureLog({ level: "info", format: "json", file: `${folder}/a.log` });
    serviceLog("chat").info("hello");
    log.close();
    serviceLog("chat").info("still");
  } finally {
    resetSync();
  }
  assertEquals(written, ["hello", "still"]);
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  await Deno.remove(folder);
});
