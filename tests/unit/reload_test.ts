import { assertEquals } from "@std/assert";
import { type Config, type ConfigInput, resolveConfig } from "../../lib/config/mod.ts";
import { planReload } from "../../lib/supervisor/reload_plan.ts";

function config(input: ConfigInput): Config {
  return resolveConfig(input, { base: "/srv" });
}

const chat = { listen: "jsonnl://127.0.0.1:1234", handler: "./chat.ts" };
const echo = { listen: "echo://127.0.0.1:7" };

Deno.test("planReload replaces services that read the same, too", () => {
  const plan = planReload(config({ services: { chat, echo } }), config({ services: { chat, echo } }));
  assertEquals(plan.replaced, ["chat", "echo"]);
  assertEquals([plan.added, plan.removed, plan.restartNeeded], [[], [], []]);
});

Deno.test("planReload adds, removes and replaces by name", () => {
  const next = config({ services: { chat: { ...chat, instances: 2 }, text: { listen: "text://h:1" } } });
  const plan = planReload(config({ services: { chat, echo } }), next);
  assertEquals(plan.added, ["text"]);
  assertEquals(plan.removed, ["echo"]);
  assertEquals(plan.replaced, ["chat"]);
});

Deno.test("planReload names the settings that a reload cannot change", () => {
  const services = { echo };
  const before = config({ services, control: "./a.sock" });
  const table: [ConfigInput, string[]][] = [
    [{ services, control: "./a.sock", log: { level: "debug" } }, []],
    [{ services, control: "./b.sock" }, ["control"]],
    [{ services, control: false }, ["control"]],
    [{ services, control: "./a.sock", log: { format: "json", file: "./log" } }, ["log.format", "log.file"]],
  ];
  for (const [after, expected] of table) {
    assertEquals(planReload(before, config(after)).restartNeeded, expected);
  }
});

Deno.test("planReload is not misled by services named like the parts of every object", () => {
  const plan = planReload(config({ services: { echo } }), config({ services: { constructor: echo } }));
  assertEquals(plan.added, ["constructor"]);
  assertEquals(plan.removed, ["echo"]);
});
