/**
 * What a run found, as tables for people and as JSON.
 *
 * @module
 */

import { formatTable } from "../../lib/cli/table.ts";
import { FIGURES, formatFigure, formatRatio } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { CaseResult, PointResult, ScenarioResult } from "./run.ts";
import type { Effort } from "./scenario.ts";

/** All that a run found; what `--json` writes. */
export interface Report {
  machine: Machine;
  effort: Effort;
  /** What the generator of load was. */
  generator: string;
  /** The contestants that took part, with what they are written for. */
  versions: Record<string, string>;
  /** Those that did not, and why. */
  skipped: Record<string, string>;
  scenarios: ScenarioResult[];
}

/** The table of one scenario: a line a contestant and point. */
export function formatScenario(scenario: ScenarioResult): string {
  const { title, figure, figures, compared = ["cpu"], points, failed } = scenario;
  if (failed !== undefined) return `${title}\nfailed: ${failed}`;
  const beside = figures.filter((each) => each === figure || hasFigure(points, each));
  const hasLabels = points.some(({ label }) => label !== "");
  const titles = [
    ...(hasLabels ? [""] : []),
    ...["", "ratio"],
    ...beside.flatMap((each) => [FIGURES[each].title, ...(compared.includes(each) ? ["ratio"] : [])]),
  ];
  const rows = points.flatMap(({ label, cases }) =>
    cases.map(({ contestant, median, ratios, failed }, index) => [
      ...(hasLabels ? [index === 0 ? label : ""] : []),
      contestant,
      failed === undefined ? formatRatio(ratios[figure]) : "failed",
      ...beside.flatMap((each) => [
        formatFigure(each, median[each]),
        ...(compared.includes(each) ? [formatRatio(ratios[each])] : []),
      ]),
    ])
  );
  const first = hasLabels ? 2 : 1;
  const right = titles.map((_, column) => column).slice(first);
  const references = [...new Set(points.map(({ reference }) => reference))];
  const to = references.length <= 2
    ? `; ratios to: ${references.join(", ")}`
    : "; ratios to the first of each group";
  return [`${title}${to}`, formatTable(titles, rows, { right }), ...failures(points)].join("\n");
}

/** One table in Markdown over several scenarios: a line a contestant, ratio and figure of each scenario's points. */
export function formatMarkdown(scenarios: readonly ScenarioResult[]): string {
  const columns = scenarios.flatMap(({ name, figure, points }) =>
    points.map((point) => ({
      title: [name, point.label].filter((part) => part !== "").join(", "),
      figure,
      point,
    }))
  );
  const names = [...new Set(columns.flatMap(({ point }) => point.cases.map(({ contestant }) => contestant)))];
  const rows = names.map((name) => [
    name,
    ...columns.map(({ figure, point }) => {
      const found = point.cases.find(({ contestant }) => contestant === name);
      return found === undefined ? "" : cellOf(found, figure);
    }),
  ]);
  return [
    ["", ...columns.map(({ title }) => title)],
    ["---", ...columns.map(() => "---:")],
    ...rows,
  ].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** What was measured on, and who was not there. */
export function formatHeader({ machine, generator, effort, skipped }: Omit<Report, "scenarios">): string {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}, ${machine.date}`,
    `Medians of ${effort.rounds} rounds of ${effort.seconds} s each; load from ${generator}`,
    ...Object.entries(skipped).map(([name, why]) => `skipped: ${name} (${why})`),
  ].join("\n");
}

function cellOf({ median, ratios, failed }: CaseResult, figure: ScenarioResult["figure"]): string {
  if (failed !== undefined) return "failed";
  return `${formatRatio(ratios[figure])} (${formatFigure(figure, median[figure])})`;
}

function hasFigure(points: PointResult[], figure: ScenarioResult["figure"]): boolean {
  return points.some(({ cases }) => cases.some(({ median }) => median[figure] !== undefined));
}

function failures(points: PointResult[]): string[] {
  return points.flatMap(({ label, cases }) =>
    cases.filter(({ failed }) => failed !== undefined)
      .map(({ contestant, failed }) =>
        `failed: ${[contestant, label].filter(Boolean).join(", ")}: ${failed?.split("\n")[0]}`
      )
  );
}
