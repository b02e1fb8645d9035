/**
 * What hooks cost a message, as hooks_bench.ts measures it in one isolate, without a socket.
 *
 * @module
 */

import { ProcessError } from "./processes.ts";
import type { Point, Scenario } from "./scenario.ts";
import { beside } from "./toolbox.ts";

/** What `deno bench --json` prints, as far as it is used here. */
interface BenchReport {
  benches: { group: string | null; name: string; results: { ok?: { avg: number } }[] }[];
}

/** The benchmarks of hooks_bench.ts: a point a group, the ratios to the first of it. */
export const hookCost: Scenario = {
  name: "hooks",
  title: "Time that hooks take for one command, without a socket; less is better",
  figure: "nanoseconds",
  figures: ["nanoseconds"],
  isSteady: true,
  async open(stage) {
    const { processes, toolbox } = stage.bench;
    const file = beside("hooks_bench.ts");
    const process = processes.start([Deno.execPath(), "bench", "-A", "--no-check", "--json", file], {
      core: toolbox.cores.server,
    });
    const output = await process.output();
    const { success } = await process.ended;
    if (!success) throw new ProcessError(`Cannot measure hooks: ${process.complaint}`);
    return pointsOf(JSON.parse(output));
  },
};

function pointsOf({ benches }: BenchReport): Point[] {
  const groups = Object.groupBy(benches, ({ group }) => group ?? "");
  return Object.entries(groups).map(([label, group = []]) => ({
    label,
    reference: group[0].name,
    cases: group.map(({ name, results }) => ({
      contestant: name,
      measure: () => Promise.resolve({ nanoseconds: results[0]?.ok?.avg }),
    })),
  }));
}
