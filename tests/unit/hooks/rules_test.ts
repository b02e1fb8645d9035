import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { AnyProtocol } from "../../../lib/contract/protocol.ts";
import { resolveConfig } from "../../../lib/config/mod.ts";
import type { RuleInput } from "../../../lib/config/config_input.ts";
import { HookDefinitionError } from "../../../lib/hooks/hook_error.ts";
import type { HookSet } from "../../../lib/hooks/hook_set.ts";
import { loadHooks, type LoadHooksOptions } from "../../../lib/hooks/load_hooks.ts";
import { actionOf, type RunAction } from "../../../lib/hooks/action_request.ts";
import { eventJson, MAX_JSON, messageJson } from "../../../lib/hooks/action_event.ts";
import { close, delay, drop, replace, reply, type Verdict } from "../../../lib/hooks/verdict.ts";
import resp from "../../../protocols/resp/mod.ts";
import { lines, testConnection, testOptions, type Told } from "./support.ts";

/** Loads rules as a worker does, from what users write. */
async function load(
  rules: (RuleInput | string)[],
  more: Partial<LoadHooksOptions> = {},
): Promise<{ hooks: HookSet; told: Told }> {
  const input = { services: { test: { listen: "text://h:1", hooks: rules } } };
  const { options, told } = testOptions(more);
  const sources = resolveConfig(input, { base: import.meta.dirname! }).services.test.hooks;
  const runAction: RunAction = (request) => {
    const action = actionOf(sources, request);
    if (action?.do === "publish") {
      const message = JSON.parse(eventJson({ service: "test", ...request.event }, request.message));
      told.published.push({ topic: action.topic, message });
    }
    return Promise.resolve();
  };
  const hooks = await loadHooks(sources, { ...options, runAction, ...more });
  return { told, hooks };
}

/** The verdict of rules on one message. */
async function verdictOf(
  rules: RuleInput[],
  message: unknown,
  more: { direction?: "in" | "out"; hostname?: string; protocol?: AnyProtocol } = {},
): Promise<Verdict | undefined> {
  const { direction = "in", hostname, ...options } = more;
  const { hooks, told } = await load(rules, options);
  const verdict = await hooks.session(testConnection(hostname)).run(direction, message, "A");
  assertEquals(told.errors, []);
  return verdict;
}

Deno.test("a rule answers the verdict of its last deciding action", async () => {
  const table: [then: RuleInput["then"], verdict: Verdict | undefined][] = [
    ["drop", drop()],
    [["close"], close()],
    [[{ close: "bye" }], close("BYE")],
    [[{ reply: "no" }], reply("NO")],
    [[{ reply: { code: 1 } }], reply({ code: 1 })],
    [[{ replace: "other" }], replace("OTHER")],
    [[{ replace: { deep: [1] } }], replace({ deep: [1] })],
    [[{ delay: "1s" }], delay(1000)],
    [[{ delay: "1s" }, "drop"], delay(1000, drop())],
    [["drop", { delay: "1s" }, { delay: 5 }], delay(1005, drop())],
    [["drop", { reply: "no" }], reply("NO")],
    [[{ reply: "no" }, "drop"], drop()],
    [[{ reply: "no" }, "close"], close("NO")],
    [[{ count: "n" }, { log: "x" }], undefined],
  ];
  for (const [then, verdict] of table) {
    assertEquals(await verdictOf([{ on: "A", then }], "A"), verdict, JSON.stringify(then));
  }
});

Deno.test("a message that goes on is its receiver's own", async () => {
  const { hooks } = await load([{ on: "A", then: { replace: { list: [] } } }]);
  const session = hooks.session(testConnection());
  const one = session.run("in", "", "A") as { message: { list: number[] } };
  one.message.list.push(1);
  assertEquals(session.run("in", "", "A"), replace({ list: [] }));
});

Deno.test("a text is read by the codec of the side that gets it", async () => {
  const protocol = { ...lines, reply: { ...lines, parse: (text: string) => `reply ${text}` } };
  const table: [then: RuleInput["then"], direction: "in" | "out", verdict: Verdict][] = [
    [{ reply: "x" }, "in", reply("reply x")],
    [{ reply: "x" }, "out", reply("X")],
    [{ replace: "x" }, "in", replace("X")],
    [{ replace: "x" }, "out", replace("reply x")],
    [{ close: "x" }, "in", close("reply x")],
    [{ close: "x" }, "out", close("reply x")],
    [[{ reply: "x" }, "close"], "out", close()],
  ];
  for (const [then, direction, verdict] of table) {
    const rules: RuleInput[] = [{ on: "A", direction: "both", then }];
    assertEquals(await verdictOf(rules, "A", { direction, protocol }), verdict, JSON.stringify(then));
  }
});

Deno.test("a rule holds under its conditions only", async () => {
  const message = {
    user: { name: "Ann", age: 30, big: 5n, bytes: new TextEncoder().encode("raw"), none: null },
    args: ["x", { deep: true }],
    map: new Map([["key", 7]]),
  };
  const table: [when: RuleInput["when"], holds: boolean][] = [
    [{ field: "user.name", equals: "Ann" }, true],
    [{ field: "user.name", equals: "ann" }, false],
    [{ field: "user.age", equals: "30" }, false],
    [{ field: "user.none", equals: null }, true],
    [{ field: "user.nothing", equals: null }, false],
    [{ field: "user.bytes", equals: "raw" }, true],
    [{ field: "user.big", equals: 5 }, true],
    [{ field: "user.big", greater: 4 }, true],
    [{ field: "args[0]", equals: "x" }, true],
    [{ field: "args.1", equals: { deep: true } }, true],
    [{ field: "map.key", equals: 7 }, true],
    [{ field: "user.name", matches: "^A" }, true],
    [{ field: "user.name", matches: "/^a/i" }, true],
    [{ field: "user.name", matches: "^a" }, false],
    [{ field: "user.age", matches: "^3" }, true],
    [{ field: "user", matches: "." }, false],
    [{ field: "user.bytes", matches: "^raw$" }, true],
    [{ field: "user.name", in: ["Bob", "Ann"] }, true],
    [{ field: "user.name", in: ["Bob"] }, false],
    [{ field: "user.age", greater: 29, less: 31 }, true],
    [{ field: "user.age", greater: 30 }, false],
    [{ field: "user.age", less: 30 }, false],
    [{ field: "user.name", greater: 1 }, false],
    [{ field: "user.toString", matches: "" }, false],
    [{ not: { field: "user.name", equals: "Bob" } }, true],
    [[{ field: "user.name", equals: "Ann" }, { field: "user.age", equals: 31 }], false],
  ];
  for (const [when, holds] of table) {
    const verdict = await verdictOf([{ on: "A", when, then: "drop" }], message);
    assertEquals(verdict, holds ? drop() : undefined, JSON.stringify(when));
  }
  assertEquals(
    await verdictOf([{ on: "A", when: { field: "", matches: "b$" }, then: "drop" }], "a b"),
    drop(),
  );
});

Deno.test("a text that a backtracking matcher takes years for holds up no rule", async () => {
  const rules: RuleInput[] = [{ on: "A", when: { field: "", matches: "^(a+)+$" }, then: "drop" }];
  assertEquals(await verdictOf(rules, "a".repeat(100_000) + "!"), undefined);
  assertEquals(await verdictOf(rules, "a".repeat(100_000)), drop());
});

Deno.test("a rule holds for the addresses of its ranges only", async () => {
  const table: [address: string | string[], hostname: string, holds: boolean][] = [
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["0.0.0.0/0", "::1", false],
    ["::1", "::1", true],
    ["2001:db8::/32", "2001:db8:1::7", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    [["10.0.0.0/8", "::1"], "::1", true],
    ["10.0.0.0/8", "not an address", false],
  ];
  for (const [address, hostname, holds] of table) {
    const rules: RuleInput[] = [{ on: "A", when: { address }, then: "drop" }];
    const verdict = await verdictOf(rules, "", { hostname });
    assertEquals(verdict, holds ? drop() : undefined, `${address} ${hostname}`);
    const contrary: RuleInput[] = [{ on: "A", when: { not: { address } }, then: "drop" }];
    assertEquals(await verdictOf(contrary, "", { hostname }), holds ? undefined : drop(), `not ${address}`);
  }
});

Deno.test("a rule counts, logs and publishes beside its verdict", async () => {
  const { hooks, told } = await load([{
    sequence: ["A", { command: "B", direction: "out" }],
    then: [
      { count: "pairs" },
      { log: { level: "warning", message: "a {pair}" } },
      { publish: "pairs" },
      "drop",
    ],
  }]);
  const session = hooks.session(testConnection());
  assertEquals(session.run("in", "A", "A"), undefined);
  assertEquals(session.run("out", { big: 1n }, "B"), drop());
  assertEquals(told.counts, ["pairs"]);
  const { level, line, properties } = told.logged.at(-1)!;
  assertEquals(line, "a {pair} (reply B of connection test.1 from 192.0.2.7:4711)");
  assertEquals([level, properties.text, properties.command, properties.remote], [
    "warning",
    "a {pair}",
    "B",
    "192.0.2.7:4711",
  ]);
  const [{ topic, message }] = told.published;
  assertEquals(topic, "pairs");
  const { at, ...event } = message as { at: string };
  assert(!Number.isNaN(Date.parse(at)));
  assertEquals<unknown>(event, {
    service: "test",
    event: "sequence",
    command: "B",
    direction: "out",
    connection: { id: "test.1", remote: "192.0.2.7:4711" },
    message: { big: "1" },
  });
});

Deno.test("a rule's log and count say what the message says, and leave braces of other words as they are", async () => {
  const { hooks, told } = await load([{
    on: "*",
    direction: "both",
    then: [
      { log: "{command} {direction} {message} by {connection} at {remote} {user} {" },
      { count: "{direction}.{command}" },
    ],
  }]);
  const session = hooks.session(testConnection());
  const table: [message: unknown, shown: string][] = [
    ["two words", "two words"],
    [{ user: "Ann", big: 1n }, '{"user":"Ann","big":"1"}'],
    [new TextEncoder().encode("raw"), "raw"],
    ["x".repeat(5000), `${"x".repeat(1000)}…`],
    [undefined, "null"],
  ];
  for (const [message, shown] of table) {
    session.run("in", message, "A");
    assertEquals(
      told.logged.at(-1)!.properties.text,
      `A in ${shown} by test.1 at 192.0.2.7:4711 {user} {`,
    );
  }
  session.run("out", "", "B\nC");
  assertEquals(told.counts, [...table.map(() => "in.A"), "out.B\nC"]);
});

Deno.test("a rule that decides nothing sees the messages that rules before it decide on", async () => {
  const { hooks, told } = await load([
    { on: "A", then: { reply: "no" } },
    { on: "*", then: { count: "all" } },
    { on: "A", then: [{ count: "never" }, "drop"] },
    { sequence: ["A", "A"], then: { count: "twice" } },
  ]);
  const session = hooks.session(testConnection());
  for (let round = 0; round < 2; round++) assertEquals(session.run("in", "A", "A"), reply("NO"));
  assertEquals(told.counts, ["all", "all", "twice"]);
});

Deno.test("a sequence with replies is a warning where the protocol does not tell which reply answers what", async () => {
  const rules: RuleInput[] = [
    { sequence: ["A", { command: "B", direction: "out" }], then: "close" },
    { sequence: ["A", "B"], then: "close" },
  ];
  const warnings = async (more: Partial<LoadHooksOptions>) =>
    (await load(rules, more)).told.logged.map(({ properties }) => String(properties.warning));
  const [warning, ...others] = await warnings({});
  assertEquals(
    warning,
    "hooks[0]: close: a client that does not wait for replies can pass the sequence by, " +
      "since the protocol lines has no answers to order them by",
  );
  assertEquals(others, []);
  assertEquals(await warnings({ protocol: { ...lines, answers: () => true } }), []);
});

Deno.test("rules say by their actions whether they may reply", async () => {
  const table: [then: RuleInput["then"], direction: "in" | "out", mayReply: boolean][] = [
    [{ reply: "x" }, "in", true],
    [{ reply: "x" }, "out", false],
    [["drop", { close: "x" }], "in", false],
  ];
  for (const [then, direction, mayReply] of table) {
    const { hooks } = await load([{ on: "A", direction, then }]);
    assertEquals(hooks.mayReply, mayReply, JSON.stringify(then));
  }
});

Deno.test("a rule with reply is a warning where nothing counts the answers of the server behind", async () => {
  const rules: RuleInput[] = [{ on: "A", then: { reply: "x" } }, { on: "A", then: "drop" }];
  const warnings = async (more: Partial<LoadHooksOptions>) =>
    (await load(rules, more)).told.logged.map(({ properties }) => String(properties.warning));
  const { hooks } = await load(rules, { proxied: true });
  assertStringIncludes(
    hooks.describe(["A"])[0].warnings?.join() ?? "",
    "hooks[0]: reply: a reply may overtake",
  );
  const [warning, ...others] = await warnings({ proxied: true });
  assertStringIncludes(warning, "hooks[0]: reply: a reply may overtake");
  assertEquals(others, []);
  assertEquals(await warnings({}), []);
  assertEquals(await warnings({ proxied: true, protocol: { ...lines, answers: () => true } }), []);
});

Deno.test("all that a worker finds wrong with rules is told at once, with its place", async () => {
  const { parse: _, ...mute } = lines;
  const error = await assertRejects(
    () =>
      load([{ on: "A", then: { reply: "x" } }, { on: "A", then: ["drop", { replace: "y" }] }], {
        protocol: mute,
      }),
    HookDefinitionError,
  );
  assertEquals(error.message.split("\n").map((line) => line.split(":")[0]), [
    "hooks[0].then[0].reply",
    "hooks[1].then[1].replace",
  ]);
  assertStringIncludes(error.message, "lines has no parse");
  await assertRejects(
    () => load([{ on: "A", then: { reply: "two\nlines" } }]),
    HookDefinitionError,
    "hooks[0].then[0].reply: A line has no line break",
  );
});

Deno.test("a name that no message is called is refused with what the protocol calls it", async () => {
  const error = await assertRejects(
    () =>
      load([
        { on: ["GET", "flushall", "CONFIG SET", "config *", "M*"], then: "drop" },
        { sequence: ["AUTH", { not: "quit" }, "AUTH"], then: "close" },
        { on: "error", direction: "out", then: "drop" },
        { on: "get", direction: "both", then: { log: "" } },
      ], { protocol: resp as AnyProtocol }),
    HookDefinitionError,
  );
  assertEquals(error.message.split("\n").map((line) => line.replace(/: .* is bound to/, ":")), [
    'hooks[0]: "flushall", a name that no message has: resp calls it "FLUSHALL"',
    'hooks[0]: "CONFIG SET", a name that no message has: resp calls it "CONFIG"',
    'hooks[0]: "config *", a name that no message has: resp calls it "CONFIG"',
    'hooks[1]: "quit", a name that no message has: resp calls it "QUIT"',
  ]);
});

Deno.test("a module's hooks run in its place among the rules", async () => {
  const { hooks } = await load([
    { on: "A", then: { count: "before" } },
    "../../fixtures/hooks/refuses.ts",
    { on: "*", then: { count: "after" } },
  ]);
  assertEquals(hooks.describe().find(({ command }) => command === "A")?.hooks, [
    "hooks[0]: count before",
    "refuses.ts: refuse",
    "hooks[2]: count after",
  ]);
  assertEquals(hooks.session(testConnection()).run("in", "A", "A"), reply("refused by test"));
});

Deno.test("a module that exports no hooks is told with what it exports", async () => {
  const error = await assertRejects(() => load(["../../fixtures/hooks/no_hooks.ts"]), HookDefinitionError);
  assertStringIncludes(error.message, "an object with the keys a in it");
});

Deno.test("any message can be told as JSON", () => {
  const self: Record<string, unknown> = {};
  self.self = self;
  const table: [message: unknown, json: unknown][] = [
    ["text", "text"],
    [undefined, null],
    [{ n: 5n, bytes: new Uint8Array([104, 105]) }, { n: "5", bytes: "hi" }],
    [new Uint8Array([255, 0]), { base64: "/wA=" }],
    [new Map([["a", new Set([1])]]), { a: [1] }],
    [new RangeError("x"), { name: "RangeError", message: "x" }],
  ];
  for (const [message, json] of table) assertEquals(JSON.parse(messageJson(message)), json);
  assertStringIncludes(messageJson(self), "unreadable");
  const long = JSON.parse(messageJson("x".repeat(MAX_JSON * 3)));
  assertEquals(long.truncated.length, MAX_JSON);
});

Deno.test("a rule without exactly one binding is none", () => {
  assertThrows(() =>
    resolveConfig({ services: { a: { listen: "text://h:1", hooks: [{ then: "drop" }] } } }, { base: "/srv" })
  );
});
