/**
 * What isolation costs: the same service in a worker, in a process, and with a process for each connection.
 *
 * @module
 */

import { join } from "@std/path";
import { controlRequest } from "../../lib/control/control_client.ts";
import type { Isolation } from "../../lib/spec/worker_spec.ts";
import type { Contestant } from "./contestants.ts";
import type { Sample } from "./figures.ts";
import type { Point, Scenario } from "./scenario.ts";
import type { Load, RunningServer, Stage } from "./stage.ts";
import { beside } from "./toolbox.ts";

const ISOLATIONS: readonly Isolation[] = ["process", "worker", "connection"];
const REFERENCE = nameOf("process");
/** Each has its process, started before anybody counts; and no other starts while they are counted. */
const CONNECTIONS = 16;
const POOL = { size: CONNECTIONS, spare: CONNECTIONS, wait: 0 };
const CALM_MS = 60_000;

const held: Load = { connections: CONNECTIONS, pipeline: 1, bytes: 64 };
const LOADS: Record<string, Load> = {
  "one in flight": held,
  "16 in flight": { ...held, pipeline: 16 },
  "a connection a request": { ...held, connections: 4, churn: true },
};

/** Requests and connections per second by what serves them. */
export const isolation: Scenario = {
  name: "isolation",
  title:
    `protohost by isolation, JSON lines, ${CONNECTIONS} connections, or 4 at a time: connect, ask, close`,
  figure: "perSecond",
  figures: ["perSecond", "p50", "p99", "cpu", "errors"],
  async open(stage) {
    const servers: { name: string; server: RunningServer; control: string }[] = [];
    for (const kind of ISOLATIONS) {
      const control = join(stage.bench.toolbox.dir, `${kind}.sock`);
      const server = await stage.start(contestantOf(kind), "jsonnl", { control });
      await measure(stage, server, { load: { ...held, seconds: stage.bench.effort.seconds }, control });
      servers.push({ name: nameOf(kind), server, control });
    }
    return Object.entries(LOADS).map(([label, load]): Point => ({
      label,
      reference: REFERENCE,
      cases: servers.map(({ name, server, control }) => ({
        contestant: name,
        measure: () => measure(stage, server, { load, control }),
      })),
    }));
  },
};

function nameOf(kind: Isolation): string {
  return `isolation: ${kind}`;
}

/** As a user configures it. */
function contestantOf(kind: Isolation): Contestant {
  return {
    name: nameOf(kind),
    formats: ["jsonnl"],
    version: () => `Deno ${Deno.version.deno}`,
    async command({ toolbox, port, control }) {
      const file = join(toolbox.dir, `${kind}.yaml`);
      const service = {
        listen: `jsonnl://127.0.0.1:${port}`,
        handler: beside("services/jsonnl.ts"),
        isolation: kind,
        ...(kind === "connection" ? { pool: POOL } : {}),
      };
      await Deno.writeTextFile(file, JSON.stringify({ control, services: { bench: service } }));
      return [
        ...[Deno.execPath(), "run", "--quiet", "-P=serve", "--config", beside("../../deno.json")],
        ...[beside("../../main.ts"), "serve", "-c", file],
      ];
    },
  };
}

/** Measures, and leaves the core to the next one only when the processes that follow have started. */
async function measure(
  stage: Stage,
  server: RunningServer,
  { load, control }: { load: Load; control: string },
): Promise<Sample> {
  await calm(control);
  const sample = await stage.load(server, load);
  await calm(control);
  // Of processes that have ended nobody can be asked any more.
  const { cpu: _, ...rest } = sample;
  return load.churn ? rest : sample;
}

/** Waits until a pool, if there is one, has as many spare processes as it keeps and no others. */
async function calm(control: string): Promise<void> {
  const deadline = performance.now() + CALM_MS;
  while (performance.now() < deadline) {
    const { services: [{ instances: [{ pool }] }] } = await controlRequest(control, { command: "status" });
    if (pool === undefined || (pool.spare === POOL.spare && pool.processes === POOL.spare)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
