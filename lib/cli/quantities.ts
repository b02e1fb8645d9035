/**
 * Sizes and durations as people read them.
 *
 * @module
 */

import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";

/** A number of bytes: `3 B`, `4 KiB`, `1.5 MiB`. */
export function showBytes(bytes: number): string {
  return formatBytes(bytes, { binary: true, maximumFractionDigits: 1 }).replace("kiB", "KiB");
}

/** Milliseconds in the two largest units that say something: `250ms`, `3s`, `1m 30s`, `2d 4h`. */
export function showDuration(ms: number): string {
  const rounded = ms < 1000 ? Math.round(ms) : Math.round(ms / 1000) * 1000;
  if (rounded === 0) return "0ms";
  return formatDuration(rounded, { ignoreZero: true }).split(" ").slice(0, 2).join(" ");
}
