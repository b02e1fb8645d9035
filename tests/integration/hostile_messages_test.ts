/**
 * What hostile code of a service can send to the server, by the thousand: it costs that instance, and nobody else.
 *
 * `deno task hostile` sends 100,000 of each kind; `HOSTILE_SEED` chooses others.
 */
import { assert, assertEquals } from "@std/assert";
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { resolveLimits } from "../../lib/contract/limits.ts";
import { spawnRunner } from "../../lib/isolation/start_runner.ts";
import { PoolBus } from "../../lib/pool/pool_bus.ts";
import { Processes } from "../../lib/pool/processes.ts";
import { RuleActions } from "../../lib/supervisor/rule_actions.ts";
import { checkFromWorker } from "../../lib/spec/worker_message_shapes.ts";
import { DEFAULT_TIMING } from "../../lib/supervisor/timing.ts";
import { workerSpecs } from "../../lib/supervisor/worker_specs.ts";
import { HostileMessages } from "../support/hostile_messages.ts";
import { byClone, type Carrier, HostileWorkers, PipeCarriers } from "../support/hostile_runner.ts";
import { configOf, supervise } from "./supervised.ts";

const COUNT = Number(Deno.env.get("HOSTILE_COUNT") ?? 1_000);
const SEED = Number(Deno.env.get("HOSTILE_SEED") ?? 1);
/** Memory that is left over at the end, at most, garbage included where it cannot be collected; the first tenth warms up. */
const GROWTH_BYTES = ("gc" in globalThis ? 16 : 64) * 1024 ** 2;
/** What an ended worker leaves, such as the timers of its end, is gone after this. */
const SETTLE_MS = 20_000;
/** Another service answers within this time, and a busy machine's own. */
const ANSWER_MS = 5_000;

/** Sees the log without keeping it. */
class LogAudit implements Disposable {
  lines = 0;
  readonly foreign: string[] = [];

  constructor(service: string) {
    const begun = Date.now();
    configureSync({
      reset: true,
      sinks: {
        audit: (record: LogRecord) => {
          this.lines++;
          const line = record.message.map(String).join("");
          if (!line.includes("forged by")) return;
          const { category, timestamp } = record;
          const isHonest = category[0] === "protohost" && category[1] === service &&
            timestamp >= begun && timestamp <= Date.now();
          if (!isHonest) this.foreign.push(`${category.join(".")} ${timestamp} ${line}`);
        },
      },
      loggers: [
        { category: [], sinks: ["audit"], lowestLevel: "info" },
        { category: ["logtape", "meta"], lowestLevel: "fatal" },
      ],
    });
  }

  [Symbol.dispose](): void {
    resetSync();
  }
}

/** Does something again and again until the promise settles; returns how often. */
async function during(promise: Promise<void>, act: () => Promise<void>): Promise<number> {
  let over = false;
  let times = 0;
  promise.then(() => over = true);
  while (!over) {
    await act();
    times++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}

async function atMost<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} took more than ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes in use; without what waits to be collected where `--expose-gc` is given. */
function memory(): number {
  (globalThis as { gc?(): void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Fails if more memory than before stays in use once the last workers have ended. */
async function assertFlat(before: number): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const grown = memory() - before;
    if (grown < GROWTH_BYTES) return;
    assert(performance.now() < deadline, `${grown} bytes more after ${COUNT} messages`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function attackSupervisor(carry: Carrier, isolation: "worker" | "process"): Promise<void> {
  using audit = new LogAudit("evil");
  const warmUp = new HostileWorkers(new HostileMessages(SEED + 1), COUNT / 10, carry);
  const attack = new HostileWorkers(new HostileMessages(SEED), COUNT, carry);
  let evil = warmUp;
  const limits = resolveLimits({ heartbeat: 0, drainTimeout: 100 });
  await using server = await supervise({
    good: { handler: "shout" },
    evil: { handler: "shout", isolation, limits },
  }, {
    spawn: (events, spec) => spec.service === "evil" ? evil.spawn(events, spec) : spawnRunner(events, spec),
    timing: {
      ...{ backoffFirstMs: 0, backoffMaxMs: 0, failedRetryMs: 0, healthyMs: 1e9, answerTimeoutMs: 50 },
      ...{ memoryRestartMs: 1000, signalRestartMs: 1000 },
    },
  });
  await using client = await server.connect("good");
  const answers = async () => {
    assertEquals(await atMost(ANSWER_MS, "an answer of the other service", client.pingPong("x")), "X");
    const { state, crashes, lastError } = server.status("good");
    assertEquals([state, crashes, lastError], ["running", 0, undefined]);
    await server.supervisor.connections();
    JSON.stringify(server.supervisor.status());
  };
  await during(warmUp.done, answers);
  const before = memory();
  evil = attack;
  await server.supervisor.restart("evil").catch(() => {});
  const times = await during(attack.done, answers);
  assertEquals([...warmUp.thrown, ...attack.thrown], []);
  assertEquals(audit.foreign, []);
  assert(times > 0 && attack.started > COUNT / 100, `${attack.started} workers, ${times} answers`);
  await assertFlat(before);
  assert(server.status("evil").crashes > COUNT / 100);
}

Deno.test("hostile messages of a worker cost that worker alone", async () => {
  await attackSupervisor(byClone, "worker");
});

Deno.test("hostile bytes of a process cost that process alone", async () => {
  await using pipes = new PipeCarriers();
  await attackSupervisor(pipes.carry, "process");
});

Deno.test("hostile bytes of a pool's process cost its connection alone, and its pool says nothing wrong of it", async () => {
  using audit = new LogAudit("evil");
  await using pipes = new PipeCarriers();
  const attack = new HostileWorkers(new HostileMessages(SEED), COUNT, pipes.carry);
  const size = 4;
  const config = configOf({
    evil: {
      ...{ handler: "shout", isolation: "connection", pool: { size, spare: 2, waitMs: 1000 } },
      limits: resolveLimits({ heartbeat: 0 }),
    },
  });
  const [spec] = workerSpecs(config.services.evil, config, {
    ...{ generation: 1, instances: 1, isolation: "connection" },
  });
  const folder = await Deno.makeTempDir();
  // All that the pool passes on must be right, or its whole instance would be ended for it.
  const pass = (message: unknown) => void checkFromWorker(structuredClone(message));
  const bus = new PoolBus(pass);
  const heard: string[] = [];
  const other = { deliver: (topic: string) => void (heard.length < 10 && heard.push(topic)) };
  bus.subscribe(other, "shared");
  const actions = new RuleActions({ publish() {} });
  const processes = new Processes({
    spec: { ...spec, pool: { ...spec.pool!, folder } },
    environment: {
      spawn: attack.spawn,
      timing: { ...DEFAULT_TIMING, answerTimeoutMs: 50 },
      bus,
      runAction: (request) => actions.run(config.services.evil, request),
      restart: () => {},
    },
    ready: () => serve(),
  });
  let served = 0;
  let lost = 0;
  function serve(): void {
    const process = processes.take();
    if (process === undefined) return;
    const number = ++served;
    const remote = { transport: "tcp" as const, hostname: "127.0.0.1", port: number };
    process.serve({ number, binding: 0, kind: "tcp", remote, local: remote });
    process.over.then((fault) => {
      if (fault !== undefined) lost++;
      processes.want(1);
    });
  }
  processes.want(1);
  await processes.load();
  let before: number | undefined;
  const turns = await during(attack.done, async () => {
    if (attack.left < COUNT * 0.9) before ??= memory();
    pass({ type: "pong", id: 1, stats: processes.stats, pool: { ...processes.status, waiting: 0 } });
    for (const process of processes.busy) await atMost(ANSWER_MS, "the list", process.connections());
    await processes.refresh();
  });
  await atMost(ANSWER_MS, "the end of the processes", processes.kill());
  await Deno.remove(folder, { recursive: true });
  assertEquals(attack.thrown, []);
  assertEquals(audit.foreign, []);
  await assertFlat(before!);
  assert(turns > 0 && served > COUNT / 200 && lost > 0, `${turns} turns, ${served} served, ${lost} lost`);
  assertEquals(heard[0], "shared");
});
