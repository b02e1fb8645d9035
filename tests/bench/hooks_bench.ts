/**
 * What hooks cost a message: by the number of patterns, by how long the connection has been talking, by live states.
 *
 *     deno bench --no-check tests/bench/hooks_bench.ts
 *
 * @module
 */

import type { AnyProtocol } from "../../lib/contract/protocol.ts";
import type { Connection } from "../../lib/contract/connection.ts";
import type { ServiceContext } from "../../lib/contract/handler.ts";
import { on, sequence } from "../../lib/hooks/define_hooks.ts";
import type { HookEntry } from "../../lib/hooks/hook_entry.ts";
import { compileHooks, type HookSession } from "../../lib/hooks/hook_set.ts";
import { any, repeat } from "../../lib/hooks/steps.ts";

function sessionOf(entries: HookEntry[]): HookSession {
  const hooks = compileHooks(entries, {
    service: "bench",
    protocol: {} as AnyProtocol,
    context: {} as ServiceContext,
    report() {},
    count() {},
  });
  return hooks.session({} as Connection);
}

/** So many sequences, each of commands of its own. */
function sequences(count: number): HookEntry[] {
  return Array.from(
    { length: count },
    (_, index) => sequence([`A${index}`, `B${index}`, "never"], () => {}, { within: "30s" }),
  );
}

for (const count of [1, 10, 100, 1000]) {
  const session = sessionOf(sequences(count));
  Deno.bench(`a command that concerns none of ${count} sequences`, { group: "patterns" }, () => {
    session.run("in", "x", "x");
  });
}

for (const count of [1, 10, 100, 1000]) {
  const session = sessionOf(sequences(count));
  Deno.bench(`a command that concerns one of ${count} sequences`, { group: "one of them" }, () => {
    session.run("in", "A0", "A0");
  });
}

for (const history of [0, 1_000, 1_000_000]) {
  const session = sessionOf([sequence(["A", "B", "A", "never"], () => {}, { within: "30s" })]);
  for (let index = 0; index < history; index++) session.run("in", "", index % 2 === 0 ? "A" : "B");
  Deno.bench(`a command after ${history} others`, { group: "history" }, () => {
    session.run("in", "A", "A");
  });
}

for (const states of [1, 4, 16, 64, 255]) {
  const session = sessionOf([sequence([repeat(any(), states), "never"], () => {}, { within: "30s" })]);
  for (let index = 0; index < states; index++) session.run("in", "x", "x");
  Deno.bench(`a command that moves ${states} live states`, { group: "live states" }, () => {
    session.run("in", "x", "x");
  });
}

const hooked = sessionOf([on("A", () => {})]);
Deno.bench("a command with one hook that passes it", { group: "hooks" }, () => {
  hooked.run("in", "A", "A");
});

Deno.bench("a command beside that hook", { group: "hooks" }, () => {
  hooked.run("in", "B", "B");
});
