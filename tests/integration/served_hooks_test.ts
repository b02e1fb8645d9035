/**
 * Hooks before and behind the handler of a served connection.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  close,
  type Connection,
  defineHooks,
  delay,
  drop,
  listen,
  type ListenOptions,
  on,
  replace,
  reply,
  sequence,
} from "@protohost/protohost";
import { Wire } from "../support/wire.ts";

/** A server that answers each line with "re" and the line, and a client of it. */
async function served(stack: AsyncDisposableStack, hooks: ListenOptions["hooks"]): Promise<Wire> {
  const server = stack.use(
    await listen("text://127.0.0.1:0", {
      hooks,
      hookTimeout: "100ms",
      onHookTimeout: "drop",
      onMessage: (connection: Connection<string>, line: string) => void connection.send(`re ${line}`),
    }),
  );
  return stack.adopt(await Wire.open(server.port), (wire) => wire[Symbol.dispose]());
}

async function lines(wire: Wire, count: number): Promise<string[]> {
  const all = [];
  while (all.length < count) all.push(await wire.line());
  return all;
}

Deno.test("hooks decide on what a client says before the handler hears of it", async () => {
  await using stack = new AsyncDisposableStack();
  const wire = await served(
    stack,
    defineHooks([
      on("replace", () => replace("instead")),
      on("drop", () => drop()),
      on("reply", () => reply("answered")),
      on("delay", () => delay(20)),
      on("later", async ({ message }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return replace(`${message} indeed`);
      }),
      on("never", () => new Promise(() => {})),
      on("close", () => close("bye")),
    ]),
  );
  await wire.write("a\nreplace\ndrop\nreply\ndelay\nlater\nnever\nb\nclose\nc\n");
  assertEquals(await lines(wire, 7), [
    "re a",
    "re instead",
    "answered",
    "re delay",
    "re later indeed",
    "re b",
    "bye",
  ]);
  assertEquals(await wire.rest(), "");
});

Deno.test("hooks decide on what the handler says, and keep its order", async () => {
  await using stack = new AsyncDisposableStack();
  const wire = await served(
    stack,
    defineHooks([
      on((_, message) => message === "re secret", () => replace("re ***"), { direction: "out" }),
      on((_, message) => message === "re nothing", () => drop(), { direction: "out" }),
      on((_, message) => message === "re slow", async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return replace("re slow indeed");
      }, { direction: "out" }),
      on((_, message) => message === "re delay", () => delay(20), { direction: "out" }),
    ]),
  );
  await wire.write("a\nsecret\nnothing\nslow\ndelay\nb\n");
  assertEquals(await lines(wire, 5), ["re a", "re ***", "re slow indeed", "re delay", "re b"]);
});

Deno.test("a sequence fires on one connection, over what comes and what is answered", async () => {
  await using stack = new AsyncDisposableStack();
  const fired: string[][] = [];
  const wire = await served(
    stack,
    defineHooks([
      sequence(["AUTH", { test: { name: "re" }, direction: "out" }, "AUTH"], ({ matched }) => {
        fired.push(matched.map(({ command }) => command));
        return close("too many");
      }, { within: "30s" }),
    ]),
  );
  await wire.write("AUTH one\nx\nAUTH two\ny\n");
  assertEquals(await lines(wire, 3), ["re AUTH one", "re x", "too many"]);
  assertEquals(fired, [["AUTH", "re", "AUTH"]]);
});
