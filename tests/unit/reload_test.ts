import { assertEquals } from "@std/assert";
import { type Config, type ConfigInput, resolveConfig } from "../../lib/config/mod.ts";
import { planReload } from "../../lib/supervisor/reload_plan.ts";

function config(input: ConfigInput): Config {
  return resolveConfig(input, { base: "/srv" });
}

const chat = { listen: "jsonnl://127.0.0.1:1234", handler: "./chat.ts" };
const echo = { listen: "echo://127.0.0.1:7" };

const none = { upToDate: new Set<string>(), serving: new Set<string>() };

Deno.test("planReload replaces what has changed, and leaves alone what has not or is not to be reloaded", () => {
  const both = { chat: { ...chat, reload: false }, echo };
  const serving = new Set(["chat", "echo"]);
  type Parts = Partial<ReturnType<typeof planReload>>;
  const cases: [string, Partial<Parameters<typeof planReload>[2]>, Parts][] = [
    ["all has changed", {}, { replaced: ["echo"], held: ["chat"] }],
    ["nothing has changed", { upToDate: serving }, { unchanged: ["chat", "echo"] }],
    ["one has changed", { upToDate: new Set(["echo"]) }, { unchanged: ["echo"], held: ["chat"] }],
    ["all are to be replaced", { upToDate: serving, all: true }, { unchanged: ["chat"], replaced: ["echo"] }],
    ["nothing serves", { serving: new Set() }, { replaced: ["chat", "echo"] }],
  ];
  const none = { added: [], removed: [], replaced: [], unchanged: [], held: [], restartNeeded: [] };
  for (const [name, running, wanted] of cases) {
    const services = config({ services: both });
    const plan = planReload(services, services, { upToDate: new Set(), serving, ...running });
    assertEquals(plan, { ...none, ...wanted }, name);
  }
});

Deno.test("planReload adds, removes and replaces by name", () => {
  const next = config({ services: { chat: { ...chat, instances: 2 }, text: { listen: "text://h:1" } } });
  const plan = planReload(config({ services: { chat, echo } }), next, none);
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
    assertEquals(planReload(before, config(after), none).restartNeeded, expected);
  }
});

Deno.test("planReload is not misled by services named like the parts of every object", () => {
  const plan = planReload(config({ services: { echo } }), config({ services: { constructor: echo } }), none);
  assertEquals(plan.added, ["constructor"]);
  assertEquals(plan.removed, ["echo"]);
});
