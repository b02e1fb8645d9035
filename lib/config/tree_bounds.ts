/**
 * How large a configuration may be. A few bytes of YAML can say much: an alias stands for all that its anchor has, and that
 * again. Every later step walks a configuration with its aliases followed, so it is measured first. Pure.
 *
 * @module
 */

import { type Finding, finding, type Place } from "./problem.ts";
import { isMapping } from "./raw_tree.ts";

/** The longest text of a configuration, in characters; its file may be as many bytes long. */
export const MAX_TEXT = 4 * 1024 ** 2;
/** The most values and characters of texts, with aliases followed: no text without aliases has more. */
const MAX_SIZE = 2 * MAX_TEXT;
/** The most mappings and lists within each other. */
export const MAX_DEPTH = 64;

/** The first thing that makes a configuration too large to look at; undefined if it is not. */
export function boundsProblem(tree: unknown): Finding | undefined {
  let size = 0;

  function visit(value: unknown, place: Place, within: readonly unknown[]): Finding | undefined {
    size += 1 + (typeof value === "string" ? value.length : 0);
    if (size > MAX_SIZE) return TOO_LARGE;
    const isList = Array.isArray(value);
    if (!isList && !isMapping(value)) return undefined;
    if (within.includes(value)) {
      return finding(place, { found: "a value that contains itself", wanted: "a JSON value" });
    }
    if (within.length >= MAX_DEPTH) {
      const found = `mappings and lists more than ${MAX_DEPTH} deep`;
      return finding(place.slice(0, SHOWN_DEPTH), { found, wanted: `at most ${MAX_DEPTH}` });
    }
    const inner = [...within, value];
    const entries: Iterable<[PropertyKey, unknown]> = isList ? value.entries() : Object.entries(value);
    for (const [key, item] of entries) {
      if (key === "__proto__") {
        return {
          ...finding([...place, key], { found: `the key ${key}`, wanted: "another name" }),
          atKey: true,
        };
      }
      size += typeof key === "string" ? key.length : 0;
      const problem = visit(item, [...place, key], inner);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  return visit(tree, [], []);
}

/** So much of a deep place says where it is. */
const SHOWN_DEPTH = 4;

const TOO_LARGE = finding([], {
  found: `more than ${MAX_SIZE} values and characters, each alias counted as what it stands for`,
  wanted: "fewer",
});
