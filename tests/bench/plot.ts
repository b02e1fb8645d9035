/**
 * What a run found, as a picture: a bar a contestant, its length the ratio to the reference.
 *
 * @module
 */

import { formatFigure, formatRatio } from "./figures.ts";
import type { PointResult, ScenarioResult } from "./run.ts";

const WIDTH = 900;
const LABEL_WIDTH = 300;
const BAR_WIDTH = 400;
const LINE = 20;
const BAR_HEIGHT = 13;
const MARGIN = 16;

/** Draws all scenarios below each other, as SVG. */
export function plot(scenarios: readonly ScenarioResult[], caption: string): string {
  const lines: string[] = [];
  let y = MARGIN + LINE;
  lines.push(text(MARGIN, y, caption, "caption"));
  for (const scenario of scenarios) {
    y += LINE * 2;
    lines.push(text(MARGIN, y, scenario.title, "title"));
    for (const point of scenario.points) {
      y += LINE;
      const label = [point.label, `1 is: ${point.reference}`].filter((part) => part !== "").join("; ");
      lines.push(text(MARGIN, y, label, "label"));
      for (const bar of barsOf(point, scenario.figure)) {
        y += LINE;
        lines.push(...drawBar(bar, y));
      }
    }
  }
  const height = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<style>
text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold } .label, .caption { fill: #666 }
.end { text-anchor: end } .ours { fill: #2563eb } .other { fill: #9ca3af }
</style>
<rect width="100%" height="100%" fill="#fff"/>
${lines.join("\n")}
</svg>
`;
}

interface Bar {
  name: string;
  /** Of the longest bar's length. */
  part: number;
  value: string;
}

function barsOf({ cases }: PointResult, figure: ScenarioResult["figure"]): Bar[] {
  const longest = Math.max(...cases.map(({ ratios }) => ratios[figure] ?? 0));
  return cases.map(({ contestant, ratios, median, failed }) => ({
    name: contestant,
    part: longest > 0 ? (ratios[figure] ?? 0) / longest : 0,
    value: failed === undefined
      ? `${formatRatio(ratios[figure])} (${formatFigure(figure, median[figure])})`
      : "failed",
  }));
}

function drawBar({ name, part, value }: Bar, y: number): string[] {
  const width = Math.max(1, part * BAR_WIDTH);
  const kind = name.startsWith("protohost") ? "ours" : "other";
  const left = LABEL_WIDTH + MARGIN;
  return [
    text(LABEL_WIDTH + MARGIN / 2, y, name, "end"),
    `<rect class="${kind}" x="${left}" y="${y - BAR_HEIGHT + 3}" width="${
      width.toFixed(1)
    }" height="${BAR_HEIGHT}"/>`,
    text(Math.round(left + width + MARGIN / 2), y, value, "value"),
  ];
}

function text(x: number, y: number, content: string, kind: string): string {
  const escaped = content.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text x="${x}" y="${y}" class="${kind}">${escaped}</text>`;
}
