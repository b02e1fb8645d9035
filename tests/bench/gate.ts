/**
 * The gate of continuous integration: a ratio within one run, which a noisy machine does not change much.
 *
 * @module
 */

import { OURS } from "./contestants.ts";
import { formatRatio } from "./figures.ts";
import type { ScenarioResult } from "./run.ts";

/**
 * The least median ratio to the bare loop at each point. Far below what is aimed at: what falls under it is a regression
 * and not a busy machine.
 */
export const GATE_RATIOS: Readonly<Record<string, number>> = {
  "JSON lines, one in flight": 0.65,
  "JSON lines, 16 in flight": 0.5,
  "48 bytes, 16 in flight": 0.5,
  "a mix of sizes, 16 in flight": 0.5,
  "a mix that trickles in, 16 in flight": 0.5,
};

/** Answers what falls short, one line each. */
export function shortfalls({ points, figure, failed }: ScenarioResult): string[] {
  if (failed !== undefined) return [failed];
  return points.flatMap(({ label, reference, cases }) => {
    const ours = cases.find(({ contestant }) => contestant === OURS);
    const ratio = ours?.ratios[figure];
    const wanted = GATE_RATIOS[label];
    if (ratio !== undefined && ratio >= wanted) return [];
    const found = ours?.failed ?? (ratio === undefined ? "no ratio" : `a ratio of ${formatRatio(ratio)}`);
    return [`${label}: ${found} to the ${reference}, wanted at least ${wanted}`];
  });
}
