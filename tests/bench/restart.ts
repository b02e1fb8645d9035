/**
 * What a restart of a loaded service does to those who use it.
 *
 * @module
 */

import { join } from "@std/path";
import { controlRequest } from "../../lib/control/control_client.ts";
import { contestantOf, OURS } from "./contestants.ts";
import type { Sample } from "./figures.ts";
import type { Point, Scenario } from "./scenario.ts";
import type { Load, RunningServer, Stage } from "./stage.ts";

const UNDISTURBED = "left alone";
const RESTARTED = "restarted in the middle";
/** The name that `protohost run` gives the service. */
const SERVICE = "jsonnl";

const LOADS: Record<string, Load> = {
  "open connections": { connections: 50, pipeline: 1, bytes: 64 },
  "a connection a request": { connections: 50, pipeline: 1, bytes: 64, churn: true },
};

/** Latency with and without a restart, which the control socket is asked for, in the middle. */
export const restart: Scenario = {
  name: "restart",
  title: "protohost, restarted under load, JSON lines, 50 connections; the ratio is of p99, less is better",
  figure: "p99",
  figures: ["p50", "p99", "p99Added", "p999", "perSecond", "errors", "restartMs"],
  async open(stage) {
    const control = join(stage.bench.toolbox.dir, "control.sock");
    const server = await stage.start(contestantOf(OURS), "jsonnl", { control });
    await stage.warmUp(server);
    return Object.entries(LOADS).map(([label, load]): Point => {
      let calm: Sample = {};
      return {
        label,
        reference: UNDISTURBED,
        cases: [
          { contestant: UNDISTURBED, measure: async () => calm = await stage.load(server, load) },
          {
            contestant: RESTARTED,
            async measure() {
              const sample = await disturbed(stage, server, { load, control });
              return { ...sample, p99Added: sample.p99! - calm.p99! };
            },
          },
        ],
      };
    });
  },
};

async function disturbed(
  stage: Stage,
  server: RunningServer,
  { load, control }: { load: Load; control: string },
): Promise<Sample> {
  const { promise: restarted, resolve, reject } = Promise.withResolvers<number>();
  // A fifth of the time goes to warming up.
  setTimeout(async () => {
    const began = performance.now();
    try {
      await controlRequest(control, { command: "restart", service: SERVICE });
      resolve(performance.now() - began);
    } catch (error) {
      reject(error);
    }
  }, stage.bench.effort.seconds * 700);
  const [sample, restartMs] = await Promise.all([stage.load(server, load), restarted]);
  return { ...sample, restartMs };
}
