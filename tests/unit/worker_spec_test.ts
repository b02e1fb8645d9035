import { assertEquals } from "@std/assert";
import type { Config, ServiceConfig } from "../../lib/config/mod.ts";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";
import { endpointKey, usefulInstances, workerSpecs } from "../../lib/supervisor/worker_specs.ts";
import { isSharable } from "../../lib/contract/endpoint.ts";

const service: ServiceConfig = {
  name: "chat",
  listen: ["jsonnl://127.0.0.1:1"],
  hooks: [],
  hookTimeoutMs: 5000,
  onHookTimeout: "close",
  onHookError: "close",
  options: { a: 1 },
  instances: 3,
  limits: DEFAULT_LIMITS,
};

const config: Config = {
  base: "file:///srv/",
  control: false,
  log: { level: "debug", format: "pretty" },
  protocols: { mine: "file:///srv/mine.ts" },
  services: { chat: service },
};

Deno.test("each instance is told which it is, and the limits of the service", () => {
  const specs = workerSpecs(service, config, { generation: 4, instances: 3, isolation: "process" });
  assertEquals(specs.map(({ instance, generation }) => [instance, generation]), [[0, 4], [1, 4], [2, 4]]);
  assertEquals(specs[1].limits, service.limits);
  assertEquals(specs[2].protocols, config.protocols);
  assertEquals(JSON.parse(JSON.stringify(specs)), specs);
});

Deno.test("an instance is told how much it may log, where that is said", () => {
  const numbers = { generation: 1, instances: 1, isolation: "worker" as const };
  assertEquals(workerSpecs(service, config, numbers)[0].logFlood, undefined);
  const bounded = { ...config, log: { ...config.log, flood: 7 } };
  assertEquals(workerSpecs(service, bounded, numbers)[0].logFlood, 7);
});

Deno.test("one instance is enough where no address can be shared", () => {
  const cases: [string[], number][] = [
    [["text://h:1"], 3],
    [["text+unix:///a"], 1],
    [["text+udp://h:1", "text+unix:///a"], 1],
    [["text+udp://h:1", "text+tls://h:1"], 3],
    [[], 3],
  ];
  for (const [listen, wanted] of cases) {
    assertEquals(usefulInstances({ ...service, listen }), wanted, listen.join());
  }
});

Deno.test("endpoints that take the same socket have the same key", () => {
  const key = (address: string) => endpointKey(parseEndpoint(address));
  assertEquals(key("text://h:1"), key("jsonnl+tls://h:1"));
  assertEquals(key("text://h:1") === key("text+udp://h:1"), false);
  assertEquals(key("text+unix:///a"), "unix /a");
  assertEquals(isSharable(parseEndpoint("text+tls://h:1")), true);
});
