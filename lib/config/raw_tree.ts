/**
 * Looking into a configuration of which nothing is known yet.
 *
 * @module
 */

import type { Place } from "./problem.ts";

/** Whether a value is a plain mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value itself if it is a mapping, else an empty one. */
export function asMapping(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
}

/** The strings in a value that may be one or a list of them, each with its place. */
export function* stringsAt(value: unknown, place: Place): Generator<{ text: string; place: Place }, void> {
  if (typeof value === "string") yield { text: value, place };
  if (!Array.isArray(value)) return;
  for (const [index, text] of value.entries()) {
    if (typeof text === "string") yield { text, place: [...place, index] };
  }
}

/** The value at a place; undefined if there is none. */
export function valueAt(tree: unknown, place: Place): unknown {
  let value = tree;
  for (const key of place) {
    const inner = Array.isArray(value) || isMapping(value)
      ? Object.getOwnPropertyDescriptor(value, key)
      : undefined;
    value = inner?.value;
  }
  return value;
}
