/**
 * The gate of continuous integration: a ratio within one run, which a noisy machine does not change much.
 *
 * @module
 */

import { OURS } from "./contestants.ts";
import { formatRatio } from "./figures.ts";
import type { ScenarioResult } from "./run.ts";

/** The least median ratio to the bare loop; far below what is aimed at, so that only a regression falls under it. */
export const GATE_RATIO = 0.75;

/** Answers what falls short, one line each. */
export function shortfalls({ points, figure }: ScenarioResult): string[] {
  return points.flatMap(({ label, reference, cases }) => {
    const ours = cases.find(({ contestant }) => contestant === OURS);
    const ratio = ours?.ratios[figure];
    if (ratio !== undefined && ratio >= GATE_RATIO) return [];
    const found = ours?.failed ?? (ratio === undefined ? "no ratio" : `a ratio of ${formatRatio(ratio)}`);
    return [`${label}: ${found} to the ${reference}, wanted at least ${GATE_RATIO}`];
  });
}
