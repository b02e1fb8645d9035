import { assertEquals } from "@std/assert";
import { on } from "../../../lib/hooks/define_hooks.ts";
import { describeHookSets } from "../../../lib/hooks/describe_hooks.ts";
import { reply } from "../../../lib/hooks/verdict.ts";
import { testHooks } from "./support.ts";

Deno.test("describeHookSets tells once what is the same for all protocols, and names the protocol of what is not", () => {
  const both = { ...on("A", () => reply("no")), label: "both" };
  const { hooks: one } = testHooks([{ ...both, warning: "doubtful in one" }]);
  const { hooks: two } = testHooks([both, { ...on("B", () => undefined), label: "two alone" }]);
  const { hooks: three } = testHooks([{ ...both, warning: "doubtful in three" }]);
  assertEquals(describeHookSets(new Map([["one", one], ["two", two], ["three", three]])), [
    {
      command: "A",
      direction: "in",
      hooks: ["both"],
      warnings: ["doubtful in one", "doubtful in three"],
    },
    { command: "B", direction: "in", hooks: ["two alone"], protocols: ["two"] },
  ]);
  assertEquals(describeHookSets(new Map([["one", one]])), one.describe());
  assertEquals(describeHookSets(new Map()), []);
});
