/**
 * Reading and formatting sizes and durations with units. What is formatted can be read back. Pure.
 *
 * @module
 */

/** A size or a duration as users write it: a plain number, or one with a unit: `"1MiB"`, `"30s"`. */
export type Quantity = number | string;

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1024],
  ["kb", 1000],
  ["kib", 1024],
  ["m", 1024 ** 2],
  ["mb", 1000 ** 2],
  ["mib", 1024 ** 2],
  ["g", 1024 ** 3],
  ["gb", 1000 ** 3],
  ["gib", 1024 ** 3],
]);

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Up to here a duration is shown in seconds alone. */
const SECONDS_BELOW_MS = 120_000;

/** Reads a size in bytes: a number, or `64KiB`, `1MiB`, `1.5MB`. Undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  return parseQuantity(value, SIZE_UNITS);
}

/** Reads a duration in milliseconds: a number, or `250ms`, `30s`, `5m`, `1h`, `1d`. Undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  return parseQuantity(value, DURATION_UNITS);
}

/** Writes a number of bytes: `3 B`, `4 KiB`, `1.5 MiB`, `310 MiB`. */
export function formatSize(bytes: number): string {
  let [value, unit] = [bytes, "B"];
  for (const next of ["KiB", "MiB", "GiB"]) {
    // What rounds to 1024 is 1 of the next unit.
    if (value < 1023.5) break;
    [value, unit] = [value / 1024, next];
  }
  return `${value < 100 ? oneDecimal(value) : Math.round(value)} ${unit}`;
}

/** Writes milliseconds in at most two units: `250 ms`, `1.5 s`, `90 s`, `2 min 5 s`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < 1000) return `${rounded} ms`;
  const seconds = oneDecimal(ms / 1000);
  if (seconds * 1000 < SECONDS_BELOW_MS) return `${seconds} s`;
  const rest = Math.round(ms / 1000);
  const parts: [value: number, unit: string][] = [
    [Math.floor(rest / 86_400), "d"],
    [Math.floor(rest / 3600) % 24, "h"],
    [Math.floor(rest / 60) % 60, "min"],
    [rest % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts.slice(first, first + 2).filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`).join(" ");
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}

function parseQuantity(value: unknown, units: ReadonlyMap<string, number>): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  const unit = match && units.get(match[2].toLowerCase());
  return unit ? Math.round(Number(match[1]) * unit) : undefined;
}
