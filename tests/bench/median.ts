/**
 * Medians over rounds.
 *
 * @module
 */

import type { Figure, Sample } from "./figures.ts";

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of each figure. */
export function medianSample(samples: readonly Sample[]): Sample {
  const figures = new Set(samples.flatMap((sample) => Object.keys(sample) as Figure[]));
  const result: Sample = {};
  for (const figure of figures) {
    result[figure] = median(samples.map((sample) => sample[figure]).filter((value) => value !== undefined));
  }
  return result;
}

/**
 * The median of each figure's ratio to the reference's within the same round: what slowed a whole round down counts
 * for nothing.
 *
 * @param samples By round; a hole where a round has none.
 * @param references By round, too.
 */
export function medianRatios(
  samples: readonly (Sample | undefined)[],
  references: readonly (Sample | undefined)[],
): Sample {
  return medianSample(samples.flatMap((sample, round) => {
    const reference = references[round];
    return sample === undefined || reference === undefined ? [] : [ratiosOf(sample, reference)];
  }));
}

function ratiosOf(sample: Sample, reference: Sample): Sample {
  const ratios: Sample = {};
  for (const figure of Object.keys(sample) as Figure[]) {
    const [value, unit] = [sample[figure], reference[figure]];
    if (value !== undefined && unit !== undefined && unit > 0) ratios[figure] = value / unit;
  }
  return ratios;
}
