import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { listen } from "../../../lib/embed/listen.ts";
import { defineHooks, on, type OnOptions, sequence } from "../../../lib/hooks/define_hooks.ts";
import type { HookContext } from "../../../lib/hooks/hook_context.ts";
import type { HookEntry } from "../../../lib/hooks/hook_entry.ts";
import { HookDefinitionError } from "../../../lib/hooks/hook_error.ts";
import type { HookOptions } from "../../../lib/hooks/hook_set.ts";
import { MAX_NAMES, NameCache } from "../../../lib/hooks/name_cache.ts";
import { any, not, oneOf, optional, repeat, step } from "../../../lib/hooks/steps.ts";
import { close, delay, drop, pass, replace, reply, type Verdict } from "../../../lib/hooks/verdict.ts";
import { lines, testConnection, testHooks } from "./support.ts";

/** Runs messages through hooks on one connection; a message's command is its first word, `<` makes it go out. */
async function run(
  entries: HookEntry[],
  messages: string[],
  more: Partial<HookOptions> = {},
): Promise<(Verdict | undefined)[]> {
  const { hooks } = testHooks(entries, more);
  const session = hooks.session(testConnection());
  const verdicts: (Verdict | undefined)[] = [];
  for (const message of messages) {
    const text = message.replace("<", "");
    verdicts.push(await session.run(message.startsWith("<") ? "out" : "in", text, text.split(" ")[0]));
  }
  return verdicts;
}

const passes = () => {};

Deno.test("a hook runs for its commands, in its direction", async () => {
  const table: [entry: (run: () => Verdict) => HookEntry, messages: string, runs: string][] = [
    [(run) => on("A", run), "A B <A a", "x..."],
    [(run) => on(["A", "B"], run), "A B C", "xx."],
    [(run) => on("M*", run), "M MAIL HM <MAIL", "xx.."],
    [(run) => on("*", run), "A <A", "x."],
    [(run) => on("*-*-*", run), "a-b a-b-c -- --- -", ".xxx."],
    [(run) => on("aa*aa", run), "aa aaa aaaa aabaa", "..xx"],
    [(run) => on("A", run, { direction: "out" }), "A <A", ".x"],
    [(run) => on("A", run, { direction: "both" }), "A <A <B", "xx."],
    [(run) => on((command, message) => command === "A" && message === "A", run), "A B", "x."],
    [(run) => sequence(["A", "B"], run), "A B A A B", ".x..x"],
    [(run) => sequence(["A", step("B", { direction: "out" })], run), "A B <B <B", "..x."],
    [
      (run) => sequence([oneOf("A", "B"), optional(any()), not("C")], run, { strict: true }),
      "A C B A",
      "..x.",
    ],
    [(run) => sequence([repeat("A", 2)], run, { within: "1s" }), "A A A", ".x."],
  ];
  for (const [entry, messages, runs] of table) {
    const verdicts = await run([entry(drop)], messages.split(" "));
    assertEquals(verdicts.map((verdict) => verdict === undefined ? "." : "x").join(""), runs, messages);
  }
});

Deno.test("hooks run by priority, then in their order", async () => {
  const ran: string[] = [];
  const named = (name: string) => () => void ran.push(name);
  await run([
    on("A", named("first")),
    sequence(["A"], named("second")),
    on("*", named("last"), { priority: -1 }),
    on(() => true, named("third")),
    on("A", named("before"), { priority: 5 }),
    sequence([any()], named("just before"), { priority: 2 }),
  ], ["A"]);
  assertEquals(ran, ["before", "just before", "first", "second", "third", "last"]);
});

Deno.test("the first verdict that does not let the message go on decides, and what it waits for comes before", async () => {
  const table: [answers: unknown[], verdict: Verdict | undefined][] = [
    [[undefined, pass(), null, 7, "queued", {}], undefined],
    [[pass(), drop(), close()], { verdict: "drop" }],
    [[reply("no"), drop()], { verdict: "reply", message: "no" }],
    [[close("bye")], { verdict: "close", last: "bye" }],
    [[close()], { verdict: "close" }],
    [[replace("x")], { verdict: "replace", message: "x" }],
    [[replace("x"), replace("y"), pass()], { verdict: "replace", message: "y" }],
    [[replace("x"), drop()], { verdict: "drop" }],
    [[delay(5)], { verdict: "delay", ms: 5 }],
    [[delay(5), drop()], { verdict: "delay", ms: 5, then: { verdict: "drop" } }],
    [[delay(5, drop()), close()], { verdict: "delay", ms: 5, then: { verdict: "drop" } }],
    [[delay(5), replace("x"), delay(5)], {
      verdict: "delay",
      ms: 10,
      then: { verdict: "replace", message: "x" },
    }],
    [[replace("x"), delay(5)], { verdict: "delay", ms: 5, then: { verdict: "replace", message: "x" } }],
    [[replace("x"), delay(5, pass())], {
      verdict: "delay",
      ms: 5,
      then: { verdict: "replace", message: "x" },
    }],
    [[replace("x"), delay(5, close())], { verdict: "delay", ms: 5, then: { verdict: "close" } }],
  ];
  for (const [answers, verdict] of table) {
    const hooks = answers.map((answer) => on("A", () => answer as Verdict));
    assertEquals(await run(hooks, ["A"]), [verdict], JSON.stringify(answers));
    const slow = answers.map((answer) => on("A", () => Promise.resolve(answer as Verdict)));
    assertEquals(await run(slow, ["A"]), [verdict], `as promises: ${JSON.stringify(answers)}`);
  }
});

Deno.test("a replaced message goes on to the hooks of the command that came", async () => {
  const seen: unknown[] = [];
  await run([
    on("A", ({ message }) => replace(`B ${message}`)),
    on("A", ({ message, command }) => void seen.push(message, command)),
    on("B", () => void seen.push("a hook on B")),
  ], ["A 1"]);
  assertEquals(seen, ["B A 1", "A"]);
});

Deno.test("a hook sees the message, its connection, and the notes that all hooks share", () => {
  const { hooks, told } = testHooks([
    on("*", (context) => {
      context.notes.seen = (context.notes.seen ?? 0) + 1;
      context.publish("topic", context.message);
      context.log.info("seen {n}", { n: context.notes.seen });
    }),
    sequence(["A", step("B", { direction: "out" })], ({ matched, direction, notes, message, connection }) => {
      assertEquals(matched, [
        { message: "A 1", command: "A", direction: "in" },
        { message: "B 2", command: "B", direction: "out" },
      ]);
      assertEquals([direction, message, connection.id, notes.seen], ["out", "B 2", "test.1", 2]);
      notes.complete = true;
    }),
    on("end", ({ notes, matched }) => reply({ ...notes, matched: matched.length })),
  ]);
  const session = hooks.session(testConnection());
  const other = hooks.session(testConnection());
  session.run("in", "A 1", "A");
  other.run("in", "A 1", "A");
  session.run("in", "x", "x");
  session.run("out", "B 2", "B");
  assertEquals(session.run("in", "end", "end"), reply({ seen: 3, complete: true, matched: 0 }));
  assertEquals(other.run("in", "end", "end"), reply({ seen: 2, matched: 0 }));
  assertEquals(told.published[0], { topic: "topic", message: "A 1" });
  assertEquals(told.logged.length, 5);
  assertEquals(told.errors, []);
});

Deno.test("a message that no hook concerns is passed at once, whatever other hooks there are", () => {
  const { hooks } = testHooks([on("A", async () => await drop()), sequence(["B", "C"], () => drop())]);
  const session = hooks.session(testConnection());
  for (const message of ["x", "B", "x", "A"]) {
    const verdict = session.run("in", message, message);
    if (message === "A") assertInstanceOf(verdict, Promise);
    else assertEquals(verdict, undefined);
  }
  assertEquals(session.run("out", "A", "A"), undefined);
});

Deno.test("a sequence moves on with each command, also with one that a hook drops", async () => {
  assertEquals(
    await run([on("A", () => drop()), sequence(["A", "A", "B"], () => close())], ["A", "A", "B"]),
    [
      drop(),
      drop(),
      close(),
    ],
  );
});

Deno.test("a sequence's time comes from the clock that it is given", async () => {
  let now = 0;
  const entries = [sequence(["A", "A", "A"], () => close(), { within: "30s" })];
  const { hooks } = testHooks(entries, { now: () => now });
  const session = hooks.session(testConnection());
  const verdicts = [];
  for (const at of [0, 20_000, 31_000, 50_000, 50_001]) {
    now = at;
    verdicts.push(await session.run("in", "A", "A"));
  }
  assertEquals(verdicts, [undefined, undefined, undefined, close(), undefined]);
});

Deno.test("sequences of two connections know nothing of each other, and an ended one forgets", () => {
  const { hooks } = testHooks([sequence(["A", "A"], () => close())]);
  const one = hooks.session(testConnection());
  const two = hooks.session(testConnection());
  assertEquals(one.run("in", "A", "A"), undefined);
  assertEquals(two.run("in", "A", "A"), undefined);
  two.end();
  assertEquals(two.run("in", "A", "A"), undefined);
  assertEquals(one.run("in", "A", "A"), close());
});

const failures: [how: string, fails: (context: HookContext) => Verdict | Promise<Verdict>][] = [
  ["throws", () => {
    throw new RangeError("no such thing");
  }],
  ["rejects", () => Promise.reject(new RangeError("no such thing"))],
  ["answers the name of a verdict", () => "drop" as unknown as Verdict],
  ["answers a verdict that does not exist", () => ({ verdict: "dorp" }) as unknown as Verdict],
  [
    "promises a verdict that does not exist",
    () => Promise.resolve({ verdict: "dorp" } as unknown as Verdict),
  ],
  ["answers a delay without its time", () => ({ verdict: "delay" }) as unknown as Verdict],
];

for (const [how, fails] of failures) {
  Deno.test(`a hook that ${how} costs its connection, or is passed over, and is reported once`, async () => {
    for (const onHookError of ["close", "pass", undefined] as const) {
      const { hooks, told } = testHooks([on("A", fails), on("A", () => reply("next"))], { onHookError });
      const connection = testConnection();
      const verdict = await hooks.session(connection).run("in", "A", "A");
      assertEquals(verdict, onHookError === "pass" ? reply("next") : close());
      assertEquals(told.errors.map(({ code }) => code), ["hook_error"]);
      assert(
        /^The hook hook 1 failed at command A: (?:Range|Type)Error: /.test(told.errors[0].message),
        told.errors[0].message,
      );
    }
  });
}

Deno.test("a predicate that throws is a hook that fails", async () => {
  const { hooks, told } = testHooks([
    on(() => {
      throw new Error("cannot say");
    }, passes),
  ]);
  assertEquals(await hooks.session(testConnection()).run("in", "A", "A"), close());
  assertEquals(told.errors.map(({ code }) => code), ["hook_error"]);
});

Deno.test("a hook that does not settle in time gives the verdict that is configured", async () => {
  const table = [["close", close()], ["drop", drop()], ["pass", reply("next")], [
    undefined,
    close(),
  ]] as const;
  for (const [onHookTimeout, wanted] of table) {
    const never = Promise.withResolvers<void>();
    const { hooks, told } = testHooks([
      on("A", () => never.promise),
      on("A", () => reply("next")),
    ], { onHookTimeout, timeoutMs: 5 });
    assertEquals(await hooks.session(testConnection()).run("in", "A", "A"), wanted);
    assertEquals(told.errors.map(({ code }) => code), ["hook_timeout"]);
    // What becomes of it later is not heard.
    never.reject(new Error("too late"));
    await never.promise.catch(() => {});
    assertEquals(told.errors.length, 1);
  }
});

Deno.test("a hook may take any time if the timeout is off", async () => {
  const open = Promise.withResolvers<Verdict>();
  const { hooks, told } = testHooks([on("A", () => open.promise)], { timeoutMs: 0 });
  const verdict = hooks.session(testConnection()).run("in", "A", "A");
  setTimeout(() => open.resolve(drop()), 10);
  assertEquals(await verdict, drop());
  assertEquals(told.errors, []);
});

Deno.test("a set knows which directions it observes and whether it may reply", () => {
  const table: [entries: HookEntry[], inward: boolean, outward: boolean, mayReply: boolean][] = [
    [[], false, false, false],
    [[on("A", passes)], true, false, true],
    [[on("A", passes, { direction: "out" })], false, true, false],
    [[on("A", passes, { direction: "both" })], true, true, true],
    [[sequence(["A", step("B", { direction: "out" })], passes)], true, true, false],
    [[sequence(["A", "B"], passes)], true, false, true],
    [[{ ...on("A", passes), mayReply: false }], true, false, false],
  ];
  for (const [entries, inward, outward, mayReply] of table) {
    const { hooks } = testHooks(entries);
    assertEquals([hooks.observed.in, hooks.observed.out, hooks.mayReply], [inward, outward, mayReply]);
  }
});

Deno.test("a set describes which hooks run for which command, in their order", () => {
  function refuse(): void {}
  const { hooks } = testHooks([
    on(["AUTH", "M*"], refuse),
    on("AUTH", refuse, { priority: 1 }),
    sequence(["AUTH", step("535", { direction: "out" })], refuse, { within: "30s", strict: true }),
    on(() => true, refuse),
  ]);
  assertEquals(hooks.describe(["QUIT"]), [
    { command: "QUIT", direction: "in", hooks: ["refuse (predicate)"] },
    { command: "AUTH", direction: "in", hooks: ["refuse (priority 1)", "refuse", "refuse (predicate)"] },
    { command: "M*", direction: "in", hooks: ["refuse", "refuse (predicate)"] },
    { command: "535", direction: "in", hooks: ["refuse (predicate)"] },
    { command: "*", direction: "in", hooks: ["refuse (predicate)"] },
    {
      command: "535",
      direction: "out",
      hooks: ["refuse (sequence AUTH, 535 (out) within 30s, strict)"],
    },
  ]);
});

Deno.test("clients that invent commands do not make the memory of names grow", () => {
  let made = 0;
  const cache = new NameCache((name) => ({ name, made: ++made }));
  const known = cache.get("known");
  for (let index = 0; index < 10_000; index++) {
    cache.get(`invented ${index}`);
    if (index % 100 === 0) assertEquals(cache.get("known"), known, "a name in use was forgotten");
    assertLessOrEqual(cache.size, MAX_NAMES);
  }
  assertEquals(made, 10_001);
  const before = cache.size;
  assertEquals(cache.get("x".repeat(1000)).name.length, 1000);
  assertEquals(cache.size, before);
});

Deno.test("hooks that cannot be are refused where they are defined", () => {
  // deno-lint-ignore no-explicit-any
  const wrong: any = undefined;
  const table: [define: () => unknown, message: string][] = [
    [() => on(wrong, passes), "wanted a command, a list of them or a function"],
    [() => on([], passes), "wanted a command, a list of them or a function"],
    [() => on("A", wrong), "wanted a function"],
    [() => on("A", passes, { direction: "inward" as "in" }), "wanted in, out or both"],
    [() => on("A", passes, { priority: NaN }), "wanted a number"],
    [
      () => on("A", passes, { prioritty: 1 } as OnOptions),
      "Cannot bind a hook with the option prioritty: there is none of that name, did you mean priority?",
    ],
    [
      () => on("A", passes, { within: "1s" } as OnOptions),
      "Cannot bind a hook with the option within: there is none of that name, wanted one of direction, priority",
    ],
    [() => sequence(wrong, passes), "wanted a list of steps"],
    [() => sequence([], passes), "wanted at least one command that must come"],
    [
      () => sequence([optional("A"), repeat("B", 0, 3)], passes),
      "wanted at least one command that must come",
    ],
    [() => sequence(["A"], passes, { within: "soon" }), "wanted a duration"],
    [() => sequence(["A"], passes, { within: 0 }), "wanted a duration"],
    [() => sequence([7 as unknown as string], passes), "as a step"],
    [() => sequence([repeat("A", 200), repeat("B", 200)], passes), "more than 256 commands"],
    [() => repeat("A", 3, 2), "Cannot repeat"],
    [() => repeat("A", 1, 257), "Cannot repeat"],
    [() => repeat("A", -1, 2), "Cannot repeat"],
    [() => not(), "without a command"],
    [() => oneOf(repeat("A", 2)), "inside of oneOf()"],
  ];
  for (const [define, message] of table) {
    const error = assertThrows(define, HookDefinitionError, message);
    assertEquals(error.code, "bad_hook");
  }
  assertEquals(defineHooks([]), []);
});

Deno.test("compileHooks refuses a name that no message has, wherever the hooks come from", async () => {
  const told = 'drop is bound to "quit", a name that no message has: lines calls it "QUIT"';
  const hooks = [on("quit", drop)];
  assertThrows(() => testHooks(hooks, { protocol: lines }), HookDefinitionError, told);
  await assertRejects(
    () => listen("lines://127.0.0.1:0", { protocol: lines, hooks, onMessage() {} }),
    HookDefinitionError,
    told,
  );
});

Deno.test("a hook that observes sees every message, and decides on none", async () => {
  const seen: string[] = [];
  const see = (name: string) => ({ message }: HookContext) => void seen.push(`${name} ${message}`);
  const slow = Promise.withResolvers<void>();
  const { hooks, told } = testHooks([
    on("*", see("first"), { observe: true }),
    on("B", () => replace("b")),
    on("C", () => reply("no")),
    on("D", () => Promise.resolve(close())),
    on("*", see("last"), { observe: true }),
    on("*", see("decides")),
    on("*", () => slow.promise, { observe: true }),
    sequence(["C", "C"], see("twice"), { observe: true }),
    on("E", () => drop() as Verdict, { observe: true }),
    on("F", () => {
      throw new Error("no such thing");
    }, { observe: true }),
    on("G", () => Promise.reject(new Error("not so fast")), { observe: true }),
    on("H", () => Promise.resolve(pass()), { observe: true }),
  ]);
  const session = hooks.session(testConnection());
  const verdicts: [command: string, verdict: Verdict | undefined][] = [
    ["A", undefined],
    ["B", replace("b")],
    ["C", reply("no")],
    ["C", reply("no")],
    ["D", close()],
    ["E", undefined],
    ["F", undefined],
    ["G", undefined],
    ["H", undefined],
  ];
  for (const [command, verdict] of verdicts) {
    seen.length = 0;
    // What it promises, nothing waits for.
    const outcome = session.run("in", command, command);
    assertEquals(command === "D" ? await outcome : outcome, verdict, command);
    const decided = verdict !== undefined && verdict.verdict !== "replace";
    const message = command === "B" ? "b" : command;
    assertEquals(
      seen.filter((line) => !line.startsWith("twice")),
      [`first ${command}`, `last ${message}`, ...(decided ? [] : [`decides ${message}`])],
      command,
    );
  }
  await new Promise((resolve) => setTimeout(resolve));
  slow.resolve();
  assertEquals(told.errors.map(({ code, message }) => `${code}: ${message}`), [
    "hook_error: The hook hook 9 failed at command E: TypeError: Cannot take a hook's answer: " +
    "found drop of one that only observes",
    "hook_error: The hook hook 10 failed at command F: Error: no such thing",
    "hook_error: The hook hook 11 failed at command G: Error: not so fast",
  ]);
});

Deno.test("a set knows whether any of its hooks can decide on what comes in", () => {
  const table: [entries: HookEntry[], guards: boolean, mayReply: boolean][] = [
    [[on("A", () => {})], true, true],
    [[on("A", () => {}, { observe: true })], false, false],
    [[on("A", () => {}, { direction: "out" })], false, false],
    [[sequence(["A", step("B", { direction: "out" })], () => {})], false, false],
    [[sequence([step("B", { direction: "out" }), "A"], () => {})], true, true],
  ];
  for (const [entries, guards, mayReply] of table) {
    const { hooks } = testHooks(entries);
    assertEquals([hooks.guards, hooks.mayReply], [guards, mayReply]);
  }
});

Deno.test("a hook counts under names of its own", () => {
  const { hooks, told } = testHooks([on("*", ({ command, count }) => count(`command.${command}`))]);
  const session = hooks.session(testConnection());
  for (const command of ["A", "B", "A"]) session.run("in", "", command);
  assertEquals(told.counts, ["command.A", "command.B", "command.A"]);
});
