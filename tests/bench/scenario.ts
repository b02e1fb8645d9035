/**
 * What a run consists of: scenarios of points, at each of which contestants are measured in turn.
 *
 * @module
 */

import type { Figure, Sample } from "./figures.ts";
import type { Stage } from "./stage.ts";

/** One contestant at one point. */
export interface Case {
  contestant: string;
  measure(): Promise<Sample>;
}

/** One setting: so many connections, such a size. */
export interface Point {
  /** What differs from the other points of the scenario; empty where there is but one. */
  label: string;
  /** The contestant that the ratios are to. */
  reference: string;
  cases: Case[];
}

/** What is measured together, with the same servers. */
export interface Scenario {
  /** For `--only`. */
  name: string;
  /** One line for people. */
  title: string;
  /** What the ratios are of. */
  figure: Figure;
  /** What is shown beside. */
  figures: readonly Figure[];
  /** Which of those have their ratios beside them. @default {the processor's time} */
  compared?: readonly Figure[];
  /** Whether one round says all. */
  isSteady?: boolean;
  /** Starts what is needed; the stage stops it. */
  open(stage: Stage): Promise<Point[]>;
}

/** How long and how thoroughly. */
export interface Effort {
  rounds: number;
  /** Of one measurement, without warming up. */
  seconds: number;
  /** Whether the points of a scenario are fewer and smaller. */
  quick: boolean;
}
