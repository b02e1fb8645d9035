/**
 * Runs scenarios: contestants in turn, round after round.
 *
 * @module
 */

import { type Figure, formatFigure, type Sample } from "./figures.ts";
import { medianRatios, medianSample } from "./median.ts";
import type { Case, Point, Scenario } from "./scenario.ts";
import { type Bench, Stage } from "./stage.ts";

/** What was found of one contestant at one point. */
export interface CaseResult {
  contestant: string;
  /** By round; null where it failed. */
  samples: (Sample | null)[];
  /** Over the rounds. */
  median: Sample;
  /** Over the rounds, of the ratios to the reference within each; empty without a reference. */
  ratios: Sample;
  /** Why it was left out of further rounds. */
  failed?: string;
}

/** What was found at one point. */
export interface PointResult {
  label: string;
  reference: string;
  cases: CaseResult[];
}

/** What a scenario found. */
export interface ScenarioResult {
  name: string;
  title: string;
  figure: Figure;
  figures: readonly Figure[];
  /** As {@linkcode Scenario} has it. */
  compared?: readonly Figure[];
  points: PointResult[];
  /** Why nothing could be measured. */
  failed?: string;
}

/** A case under way. */
interface Entry {
  point: Point;
  case: Case;
  samples: (Sample | null)[];
  failed?: string;
}

/** Runs a scenario, from the start of its servers to their end. */
export async function runScenario(scenario: Scenario, bench: Bench): Promise<ScenarioResult> {
  bench.say(`${scenario.name}: ${scenario.title}`);
  const { name, title, figure, figures, compared } = scenario;
  await using stage = new Stage(bench);
  try {
    const points = await scenario.open(stage);
    return { name, title, figure, figures, compared, points: await runPoints(scenario, points, bench) };
  } catch (error) {
    return { name, title, figure, figures, compared, points: [], failed: (error as Error).message };
  }
}

async function runPoints(scenario: Scenario, points: Point[], bench: Bench): Promise<PointResult[]> {
  const { name, figure } = scenario;
  const entries = points.flatMap((point) =>
    point.cases.map((each): Entry => ({ point, case: each, samples: [] }))
  );
  const rounds = scenario.isSteady ? 1 : bench.effort.rounds;
  for (let round = 1; round <= rounds; round++) {
    for (const entry of entries) {
      await measure(entry);
      const found = entry.failed?.split("\n")[0] ?? formatFigure(figure, entry.samples.at(-1)?.[figure]);
      const at = [`${name} ${round}/${rounds}`, entry.point.label, entry.case.contestant];
      bench.say(`  ${at.filter((part) => part !== "").join(", ")}: ${found}`);
    }
  }
  return points.map((point) => resultOf(point, entries));
}

async function measure(entry: Entry): Promise<void> {
  if (entry.failed !== undefined) {
    entry.samples.push(null);
    return;
  }
  try {
    entry.samples.push(await entry.case.measure());
  } catch (error) {
    entry.samples.push(null);
    entry.failed = (error as Error).message;
  }
}

function resultOf(point: Point, entries: Entry[]): PointResult {
  const own = entries.filter((entry) => entry.point === point);
  const reference = own.find((entry) => entry.case.contestant === point.reference)?.samples ?? [];
  return {
    label: point.label,
    reference: point.reference,
    cases: own.map(({ case: { contestant }, samples, failed }) => ({
      contestant,
      samples,
      median: medianSample(samples.filter((sample) => sample !== null)),
      ratios: medianRatios(samples.map(orUndefined), reference.map(orUndefined)),
      ...(failed === undefined ? {} : { failed }),
    })),
  };
}

function orUndefined(sample: Sample | null): Sample | undefined {
  return sample ?? undefined;
}
