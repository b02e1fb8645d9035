import { assertEquals } from "@std/assert";
import type { RunnerEvents } from "../../lib/isolation/runner.ts";
import { Bus } from "../../lib/service/service_bus.ts";
import { resolveConfig } from "../../lib/config/mod.ts";
import { DEFAULT_TIMING } from "../../lib/supervisor/timing.ts";
import { WorkerLink } from "../../lib/supervisor/worker_link.ts";
import { workerSpecs } from "../../lib/supervisor/worker_specs.ts";

Deno.test("a topic that the permissions of a service do not name is a bad message, however it was sent", () => {
  const config = resolveConfig({
    services: {
      a: { listen: "text://127.0.0.1:0", permissions: { publish: "mine.*", subscribe: "mine.*" } },
    },
  }, { base: "/srv/app" });
  const [spec] = workerSpecs(config.services.a, config, {
    generation: 1,
    instances: 1,
    isolation: "process",
  });
  const bus = new Bus();
  const published: string[] = [];
  const bad: string[] = [];
  bus.subscribe({ deliver: (topic) => published.push(topic) }, "theirs");
  bus.subscribe({ deliver: (topic) => published.push(topic) }, "mine.a");
  let runner!: RunnerEvents;
  const link = new WorkerLink(spec, {
    bus,
    timing: DEFAULT_TIMING,
    spawn: (events) => {
      runner = events;
      return { pid: 0, ended: Promise.resolve(), queuedBytes: 0, post() {}, terminate() {} };
    },
  }, {
    heard() {},
    failed: (error) => bad.push(String(error)),
    badMessage: (what) => bad.push(what),
    silent() {},
    answered() {},
    memory() {},
    dropped() {},
  });
  for (const topic of ["mine.a", "theirs"]) {
    runner.message({ type: "publish", topic, json: "1" });
    runner.message({ type: "subscribe", topic });
  }
  assertEquals(published, ["mine.a"]);
  assertEquals(bus.topics, 2);
  assertEquals(bad, [
    'sent publish for a topic that its permissions do not name: "theirs"',
    'sent subscribe for a topic that its permissions do not name: "theirs"',
  ]);
  link.terminate();
});
