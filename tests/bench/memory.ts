/**
 * What an idle connection costs in memory.
 *
 * @module
 */

import { BARE, type Contestant, contestantOf, OURS, PROXIES, RELAY } from "./contestants.ts";
import type { Sample } from "./figures.ts";
import { usageOf } from "./process_tree.ts";
import type { Case, Scenario } from "./scenario.ts";
import type { ServerOptions, Stage } from "./stage.ts";
import { askOnce, type Format } from "./wire.ts";

const IDLE_CONNECTIONS = 5000;
const QUICK_IDLE_CONNECTIONS = 1000;
/** How many are made at a time. */
const BATCH = 50;
/** The memory is taken once it has not changed by more than this between two looks, or after so many looks. */
const SETTLED_BYTES = 256 * 1024;
const LOOK_MS = 250;
const LOOKS = 20;

const SERVICES = [OURS, BARE, "Node net", "Bun.listen", "Workerman"].map(contestantOf);

/** Resident memory that connections add which have asked once and then say nothing. */
export const memory: Scenario = {
  name: "memory",
  title: "Memory of an idle connection: what the resident size grew by, divided; less is better",
  figure: "bytesEach",
  figures: ["bytesEach"],
  async open(stage) {
    const upstream = await stage.startUpstream();
    return [
      { label: "services", reference: BARE, cases: casesOf(stage, SERVICES, "jsonnl") },
      {
        label: "proxies",
        reference: RELAY,
        cases: casesOf(stage, PROXIES, "text", { upstreamPort: upstream.port }),
      },
    ];
  },
};

function casesOf(
  stage: Stage,
  contestants: Contestant[] | readonly Contestant[],
  format: Format,
  options?: ServerOptions,
): Case[] {
  return stage.present(contestants).map((contestant) => ({
    contestant: contestant.name,
    measure: () => measure(stage, contestant, format, options),
  }));
}

/** Measures a server of its own, so that nothing earlier has left room in its heap. */
async function measure(
  stage: Stage,
  contestant: Contestant,
  format: Format,
  options?: ServerOptions,
): Promise<Sample> {
  const count = stage.bench.effort.quick ? QUICK_IDLE_CONNECTIONS : IDLE_CONNECTIONS;
  const server = await stage.start(contestant, format, options);
  const connections: Deno.TcpConn[] = [];
  try {
    const before = await settledRss(server.process.pid);
    while (connections.length < count) {
      const batch = Array.from({ length: BATCH }, () => askOnce(server.port, format));
      for (const outcome of await Promise.allSettled(batch)) {
        if (outcome.status === "rejected") throw outcome.reason;
        connections.push(outcome.value[0]);
      }
    }
    const after = await settledRss(server.process.pid);
    return before === undefined || after === undefined ? {} : { bytesEach: (after - before) / count };
  } finally {
    for (const connection of connections) connection.close();
    await stage.stop(server);
  }
}

async function settledRss(pid: number): Promise<number | undefined> {
  let last = (await usageOf(pid))?.rssBytes;
  if (last === undefined) return undefined;
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const { rssBytes } = (await usageOf(pid))!;
    if (Math.abs(rssBytes - last) < SETTLED_BYTES) return rssBytes;
    last = rssBytes;
  }
  return last;
}
