/**
 * Sizes and durations as people write them.
 *
 * @module
 */

const sizeUnits: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

const durationUnits: Record<string, number> = {
  "": 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a size in bytes: a number, or `64KiB`, `1MiB`, `1.5MB`. Answers undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  return parseQuantity(value, sizeUnits);
}

/** Reads a duration in milliseconds: a number, or `250ms`, `30s`, `5m`, `1h`, `1d`. Answers undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  return parseQuantity(value, durationUnits);
}

function parseQuantity(value: unknown, units: Record<string, number>): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  if (!match) return undefined;
  const name = match[2].toLowerCase();
  return Object.hasOwn(units, name) ? Math.round(Number(match[1]) * units[name]) : undefined;
}
