/**
 * What hooks decide, on a connection that a handler serves and on one that is relayed to another server: the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  close,
  defineHooks,
  delay,
  drop,
  type HookModule,
  listen,
  type ListenOptions,
  on,
  replace,
  reply,
  sequence,
  type Server,
} from "@protohost/protohost";
import { ask, reHandler, reServer } from "../support/ask.ts";
import { Wire } from "../support/wire.ts";

type HookStage = Pick<ListenOptions<string>, "hooks" | "hookTimeout" | "onHookTimeout">;

/** Servers that answer each line with "re" and the line, by what stands behind the hooks. */
const places: Record<string, (stack: AsyncDisposableStack, hooked: HookStage) => Promise<Server>> = {
  "before a handler": (_stack, hooked) =>
    listen("tcp://127.0.0.1:0", { protocol: ask, ...reHandler, ...hooked }),
  async "before another server"(stack, hooked) {
    const { port } = stack.use(await reServer());
    return await listen("tcp://127.0.0.1:0", {
      protocol: ask,
      upstream: `tcp://127.0.0.1:${port}`,
      ...hooked,
    });
  },
};

interface Case {
  name: string;
  hooks: HookModule;
  /** What is sent, and what comes back; then what is sent on. */
  talk: [sent: string, heard: string[]][];
  /** Whether the connection is at its end. */
  ends?: true;
}

async function later<T>(verdict: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return verdict;
}

const cases: Case[] = [
  {
    name: "hooks decide on what a client says before it goes on",
    hooks: defineHooks([
      on("replace", () => replace("instead")),
      on("drop", () => drop()),
      on("reply", () => reply("answered")),
      on("delay", () => delay(20)),
      on("later", ({ message }) => later(replace(`${message} indeed`))),
      on("never", () => new Promise(() => {})),
      on("close", () => close("bye")),
      on((_, message) => message === "delay guarded", () => reply("refused")),
    ]),
    talk: [
      ["a\nreplace x\ndrop\nreply\ndelay\ndelay guarded\nlater\nnever\nb\n", [
        "re a",
        "re instead",
        "answered",
        "re delay",
        "refused",
        "re later indeed",
        "re b",
      ]],
      ["close\nc\n", ["bye"]],
    ],
    ends: true,
  },
  {
    name: "hooks decide on what is answered, and keep its order",
    hooks: defineHooks([
      on((_, message) => message === "re secret", () => replace("re ***"), { direction: "out" }),
      on((_, message) => message === "re nothing", () => drop(), { direction: "out" }),
      on((_, message) => message === "re slow", () => later(replace("re slow indeed")), { direction: "out" }),
      on((_, message) => message === "re delay", () => delay(20), { direction: "out" }),
    ]),
    talk: [["a\nsecret\nnothing\nslow\ndelay\nb\n", [
      "re a",
      "re ***",
      "re slow indeed",
      "re delay",
      "re b",
    ]]],
  },
  {
    name: "a sequence fires on one connection, over what comes and what is answered",
    hooks: defineHooks([
      sequence(
        ["AUTH", { test: { name: "re" }, direction: "out" }, "AUTH"],
        ({ matched }) => close(matched.map(({ command }) => command).join(", ")),
        { within: "30s" },
      ),
    ]),
    talk: [["AUTH one\n", ["re AUTH one"]], ["x\n", ["re x"]], ["AUTH two\ny\n", ["AUTH, re, AUTH"]]],
    ends: true,
  },
];

for (const [place, open] of Object.entries(places)) {
  for (const { name, hooks, talk, ends } of cases) {
    Deno.test(`${place}, ${name}`, async () => {
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await open(stack, { hooks, hookTimeout: "100ms", onHookTimeout: "drop" }));
      using wire = await Wire.open(server.port);
      for (const [sent, heard] of talk) {
        await wire.write(sent);
        const lines = [];
        while (lines.length < heard.length) lines.push(await wire.line());
        assertEquals(lines, heard);
      }
      if (ends) assertEquals(await wire.rest(), "");
    });
  }
}

for (const [place, open] of Object.entries(places)) {
  Deno.test(`${place}, no hook runs for what comes behind a close`, async () => {
    await using stack = new AsyncDisposableStack();
    const seen: string[] = [];
    const hooks = defineHooks([
      on("re", ({ message }) => {
        seen.push(message as string);
        return close("over");
      }, { direction: "out" }),
    ]);
    const server = stack.use(await open(stack, { hooks }));
    using wire = await Wire.open(server.port);
    await wire.write("a\nb\nc\n");
    assertEquals(await wire.rest(), "over\n");
    assertEquals(seen, ["re a"]);
  });
}
