import { assert, assertArrayIncludes, assertEquals, assertRejects } from "@std/assert";
import { resolveLimits } from "../../lib/contract/limits.ts";
import { spawnIsolate } from "../../lib/isolation/worker_runner.ts";
import { LOADS_AT_ONCE } from "../../lib/supervisor/rollout.ts";
import { RestartError } from "../../lib/supervisor/supervisor_error.ts";
import { LogWatch, supervise } from "./supervised.ts";
import { testSupervisor } from "./supervisor_suite.ts";

testSupervisor("worker");

Deno.test("a busy worker is wedged: it is not restarted, the log says what to set, and it may come to itself", async () => {
  using log = new LogWatch();
  await using server = await supervise({
    bad: { handler: "busy", limits: resolveLimits({ heartbeat: 150 }) },
    good: { handler: "shout" },
  });
  await using bad = await server.connect("bad");
  const wedged = log.next(/is wedged/);
  const back = log.next(/answers pings again/);
  bad.ping("crash");
  assertEquals(
    await wedged,
    "Instance 0 of generation 1 did not answer pings within 150 ms (limits.heartbeat) and is wedged: " +
      "its event loop is blocked and it cannot be terminated; isolation: process allows that",
  );
  assertEquals(server.status("bad").state, "wedged");
  await assertRejects(
    () => server.supervisor.restart("bad"),
    RestartError,
    "an instance blocks its event loop: it cannot be terminated",
  );
  assertEquals(await server.ask("good", "x"), "X");
  await back;
  assertEquals(await bad.pong(), "crash");
  assertEquals([server.status("bad").state, server.status("bad").crashes], ["running", 0]);
  await server.supervisor.restart("bad");
  assertEquals(server.status("bad").generation, 2);
});

Deno.test("a wedged worker does not keep the server from stopping", async () => {
  using log = new LogWatch();
  const limits = resolveLimits({ heartbeat: 150 });
  const server = await supervise({ bad: { handler: "busy", limits } });
  const bad = await server.connect("bad");
  const wedged = log.next(/is wedged/);
  bad.ping("crash");
  await wedged;
  await server.supervisor.stop({ immediate: true });
  assertArrayIncludes(log.lines, [
    "Instance 0 of generation 1 may keep using a core: an endless loop in its code ends only with the server",
  ]);
  assertEquals(server.supervisor.status().state, "stopped");
  await bad.close();
});

Deno.test("many services load a few at a time, and what has been done is told", {
  // So many isolates are too many for a test.
  ignore: LOADS_AT_ONCE > 32,
}, async () => {
  const count = 2 * LOADS_AT_ONCE + 1;
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  const told: [number, number][] = [];
  let [loading, most] = [0, 0];
  await using server = await supervise(
    Object.fromEntries(names.map((name) => [name, { handler: "loads_slowly" }])),
    {
      progress: (loaded, all) => told.push([loaded, all]),
      spawn(events, spec) {
        most = Math.max(most, ++loading);
        return spawnIsolate({
          ...events,
          message(value) {
            if ((value as { type: string }).type === "loaded") loading--;
            events.message(value);
          },
        }, spec);
      },
    },
  );
  assertEquals(most, LOADS_AT_ONCE);
  assert(told.length > 0 && told.length < count, `${told.length} reports`);
  for (const [loaded, all] of told) {
    assert(loaded > 0 && loaded < all && all === count, `${loaded} of ${all}`);
  }
  assertEquals(server.supervisor.status().services.filter(({ state }) => state === "running").length, count);
});
