/**
 * `isolation: connection`: what one connection does hurts no other, and its bound holds. The same from source and
 * compiled.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { controlRequest } from "../../lib/control/control_client.ts";
import type { PoolStatus } from "../../lib/spec/pool_spec.ts";
import type { ConnectionInfo } from "../../lib/contract/stats.ts";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { ask, type Launcher } from "../support/program.ts";
import { until, Wire } from "../support/wire.ts";
import { alive, find, say, type Serving, serving } from "./isolation_suite.ts";

/** Connections at once. */
const MANY = 200;
/** A process takes a good part of a second of a core to start, and there are as many as connections. */
const PATIENCE_MS = 150_000;
const ROUNDS = 5;

/** Of two hundred connections at once one loops for ever and one allocates without end: the others get all their replies. */
export async function testMany(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    defaults: "{ limits: { memory: 256MiB, heartbeat: 5s } }",
    services: { a: pooled({ size: MANY, spare: 2, wait: 0 }) },
  });
  const { a } = await server.ports();
  const wires = await Promise.all(Array.from({ length: MANY }, () => Wire.open(a)));
  for (const wire of wires) wire.deadlineMs = PATIENCE_MS;
  const [loops, allocates, ...others] = wires;
  await loops.write("misbehave loop\n");
  await allocates.write("misbehave buffers\n");
  const bad = [loops.rest(), allocates.rest()];
  const good = others.map(async (wire, index) => {
    const pid = await tell(wire, "pid");
    for (let round = 0; round < ROUNDS; round++) {
      const question = `question ${round} of ${index}`;
      assertEquals(await tell(wire, question), question);
    }
    return pid;
  });
  const pids = await Promise.all(good);
  assertEquals(new Set(pids).size, MANY - 2, "a process for each");
  assertEquals(await Promise.all(bad), ["", ""], "both are cut without a word");
  for (const wire of others) assertEquals(await tell(wire, "still here"), "still here");
  await server.program.until(
    /Connection a\.1\.0\.\d+ from 127\.0\.0\.1:\d+ cut: its process did not answer pings/,
  );
  await server.program.until(/cut: its process uses \d+ MiB of memory, limit 256 MiB/);
  const { stats, crashes, state } = find(await server.status(), "a");
  assertEquals({ crashes, state, errors: stats.errors }, {
    crashes: 0,
    state: "running",
    errors: { process_lost: 2 },
  });
  for (const wire of wires) wire[Symbol.dispose]();
  await until(async () => find(await server.status(), "a").stats.open === 0);
}

/** Beyond the bound connections wait in order, then are refused; what a connection leaves is gone with its process. */
export async function testBound(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    services: { a: pooled({ size: 2, spare: 1, wait: "2s" }) },
  });
  const { a } = await server.ports();
  using first = await Wire.open(a);
  assertEquals([await tell(first, "count"), await tell(first, "count")], ["1", "2"]);
  using second = await Wire.open(a);
  assertEquals(await tell(second, "count"), "1");
  const pids = [await tell(first, "pid"), await tell(second, "pid")];
  using third = await Wire.open(a);
  using fourth = await Wire.open(a);
  await third.write("count\n");
  await until(async () =>
    (await connectionStates(server)).filter((state) => state === "waiting").length === 2
  );
  assertEquals(poolOf(await server.status()), { processes: 2, busy: 2, spare: 0, waiting: 2 });
  first[Symbol.dispose]();
  assertEquals(await third.line(), "1", "first come, first served, by a process of its own");
  assert(!pids.includes(await tell(third, "pid")));
  assertEquals(await fourth.rest(), "", "refused");
  await server.program.until(
    /Connection a\.1\.0\.4 from \S+ refused: pool_full: no process of 2 was free within 2 s/,
  );
  const { stats } = find(await server.status(), "a");
  assertEquals([stats.accepted, stats.refused, stats.errors.pool_full], [4, 1, 1]);
}

/** Nothing is left of a pool: not of those that serve, not of those that wait, however it ends. */
export async function testPoolEnd(launcher: Launcher): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await using server = await serving(launcher, {
      defaults: "{ limits: { heartbeat: 0, drainTimeout: 500ms, lingerTimeout: 100ms } }",
      services: { a: pooled({ size: 8, spare: 2, wait: 0 }) },
    });
    const { a } = await server.ports();
    using idle = await Wire.open(a);
    using busy = await Wire.open(a);
    await tell(idle, "x");
    await tell(busy, "x");
    await busy.write("misbehave loop\n");
    const relay = await server.pid("a");
    await until(() => childrenOf(relay).length === 4);
    const pids = [relay, ...childrenOf(relay)];
    const folder = /--allow-write=(\S+protohost_pool_\w+)/.exec(
      say("ps", "-ww", "-o", "args=", "-p", `${relay}`),
    )?.[1];
    server.program.signal(signal);
    await until(() => !pids.some(alive), `the end of all after ${signal}`);
    if (folder !== undefined) await until(() => !exists(folder), `the end of ${folder} after ${signal}`);
    await until(() => !pids.some(zombie), `that all are reaped after ${signal}`);
  }
}

/** Hundreds of connections leave neither descriptors nor processes nor sockets behind. */
export async function testChurn(launcher: Launcher, times: number): Promise<void> {
  await using server = await serving(launcher, {
    services: { a: pooled({ size: 6, spare: 3, wait: 0 }) },
  });
  const { a } = await server.ports();
  const relay = await server.pid("a");
  const rest = async () => {
    await until(async () => {
      const pool = poolOf(await server.status());
      return pool?.processes === 3 && pool.spare === 3;
    });
    return descriptorsOf(relay);
  };
  for (let i = 0; i < 5; i++) assertEquals(await ask(a, `warm ${i}`), `warm ${i}`);
  const before = await rest();
  for (let done = 0; done < times; done += 10) {
    await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      const question = `${done} ${i}`;
      assertEquals(await ask(a, question), question);
    }));
  }
  const after = await rest();
  assert(after <= before + 3, `${before} descriptors before, ${after} after`);
  assertEquals(childrenOf(relay).length, 3);
  assertEquals(childrenOf(relay).filter(zombie), []);
  const { stats } = find(await server.status(), "a");
  assertEquals([stats.open, stats.accepted, stats.messagesIn, stats.errors], [0, times + 5, times + 5, {}]);
}

/** A service in a few words of YAML. */
export function pooled(pool: { size: number; spare: number; wait: string | number }, more = ""): string {
  return `{ listen: "text://127.0.0.1:0", handler: ./misbehaves.ts, isolation: connection, pool: ${
    JSON.stringify(pool)
  }${more} }`;
}

/** Says a line, and answers the one that comes back. */
async function tell(wire: Wire, line: string): Promise<string> {
  await wire.write(`${line}\n`);
  return await wire.line();
}

/** The states of the open connections, as the control socket tells them. */
async function connectionStates(server: Serving): Promise<string[]> {
  const connections = await controlRequest(server.folder.at("protohost.sock"), { command: "connections" });
  return (connections as ConnectionInfo[]).map(({ state }) => state);
}

function poolOf(status: ServerStatus): Omit<PoolStatus, "memoryBytes"> | undefined {
  const [{ pool }] = find(status, "a").instances;
  if (pool === undefined) return undefined;
  const { memoryBytes: _, ...counts } = pool;
  return counts;
}

function childrenOf(pid: number): number[] {
  return say("pgrep", "-P", String(pid)).split("\n").filter((line) => line !== "").map(Number);
}

function zombie(pid: number): boolean {
  return say("ps", "-o", "stat=", "-p", String(pid)).startsWith("Z");
}

function descriptorsOf(pid: number): number {
  return say("ls", `/proc/${pid}/fd`).split("\n").length;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}
