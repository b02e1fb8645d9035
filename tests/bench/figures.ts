/**
 * What is measured, and how it is written.
 *
 * @module
 */

interface FigureKind {
  title: string;
  /** Whether more is better. */
  isRate: boolean;
  format(value: number): string;
}

/** Every figure of a sample, by its name. */
export const FIGURES = {
  perSecond: { title: "per second", isRate: true, format: (value) => grouped(value) },
  p50: { title: "p50", isRate: false, format: duration },
  p99: { title: "p99", isRate: false, format: duration },
  p999: { title: "p99.9", isRate: false, format: duration },
  cpu: { title: "CPU each", isRate: false, format: duration },
  errors: { title: "failed", isRate: false, format: (value) => grouped(value) },
  bytesEach: { title: "bytes each", isRate: false, format: (value) => grouped(value) },
  nanoseconds: { title: "time each", isRate: false, format: (value) => duration(value / 1000) },
  p99Added: { title: "p99 added", isRate: false, format: duration },
  closed: { title: "closed", isRate: false, format: (value) => grouped(value) },
  webhooks: { title: "webhooks", isRate: false, format: (value) => grouped(value) },
  restartMs: { title: "restart took", isRate: false, format: (value) => duration(value * 1000) },
} as const satisfies Record<string, FigureKind>;

/** The name of a figure. Times are in microseconds where the name does not say otherwise. */
export type Figure = keyof typeof FIGURES;

/** What one measurement found. */
export type Sample = Partial<Record<Figure, number>>;

/** Writes a figure with its unit. */
export function formatFigure(figure: Figure, value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "" : FIGURES[figure].format(value);
}

/** Writes a ratio. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? "" : ratio.toFixed(2);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Microseconds, in the unit that suits. */
function duration(us: number): string {
  if (us < 0) return `-${duration(-us)}`;
  if (us < 1) return `${(us * 1000).toPrecision(3)} ns`;
  if (us < 10) return `${us.toFixed(1)} us`;
  if (us < 10_000) return `${Math.round(us)} us`;
  return `${(us / 1000).toFixed(1)} ms`;
}
