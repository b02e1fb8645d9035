/**
 * How large a configuration may be. A few bytes of YAML can say much: an alias stands for all that its anchor has, and that
 * again. Every later step walks a configuration with its aliases followed and says what is wrong with each value, so it is
 * measured first. Pure.
 *
 * @module
 */

import { type Finding, finding, keyFinding, type Place } from "./problem.ts";
import { isMapping } from "./raw_tree.ts";

/** The longest text of a configuration, in characters; its file may be as many bytes long. */
export const MAX_TEXT = 2 * 1024 ** 2;
/** The most values and characters of texts, with aliases followed: no text without aliases has more. */
const MAX_SIZE = 2 * MAX_TEXT;
/** The most mappings and lists within each other. */
export const MAX_DEPTH = 64;
/** The most entries of a mapping or a list. */
const MAX_ENTRIES = 10_000;
/** The most values of one service, or of one of the other keys. */
const MAX_VALUES = 50_000;

/** The first thing that makes a configuration too large to look at; undefined if it is not. */
export function boundsProblem(tree: unknown): Finding | undefined {
  return new Measure().problemIn(tree, [], []);
}

class Measure {
  /** Values and characters. */
  #size = 0;
  /** Values of the service that is looked at. */
  #values = 0;

  problemIn(value: unknown, place: Place, within: readonly unknown[]): Finding | undefined {
    this.#size += 1 + (typeof value === "string" ? value.length : 0);
    if (this.#size > MAX_SIZE) return TOO_LARGE;
    if (beginsPart(place)) this.#values = 0;
    // What a handler is given is its own: it is not looked into.
    const isFree = place[0] === "services" && place[2] === "options";
    if (!isFree && ++this.#values > MAX_VALUES) return tooMany(place.slice(0, 2), "values", MAX_VALUES);
    const isList = Array.isArray(value);
    if (!isList && !isMapping(value)) return undefined;
    if (within.includes(value)) {
      return finding(place, { found: "a value that contains itself", wanted: "a JSON value" });
    }
    if (within.length >= MAX_DEPTH) {
      const found = `mappings and lists more than ${MAX_DEPTH} deep`;
      return finding(place.slice(0, SHOWN_DEPTH), { found, wanted: `at most ${MAX_DEPTH}` });
    }
    const entries: [PropertyKey, unknown][] = isList ? [...value.entries()] : Object.entries(value);
    if (!isFree && entries.length > MAX_ENTRIES) return tooMany(place, "entries", MAX_ENTRIES);
    const inner = [...within, value];
    for (const [key, item] of entries) {
      if (key === "__proto__") {
        return keyFinding([...place, key], { found: `the key ${key}`, wanted: "another name" });
      }
      this.#size += typeof key === "string" ? key.length : 0;
      const problem = this.problemIn(item, [...place, key], inner);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

/** Whether the values of another service, or of another of the other keys, are counted from here on. */
function beginsPart(place: Place): boolean {
  return place.length === (place[0] === "services" ? 2 : 1);
}

/** So much of a deep place says where it is. */
const SHOWN_DEPTH = 4;

const TOO_LARGE = finding([], {
  found: `more than ${MAX_SIZE} values and characters, each alias counted as what it stands for`,
  wanted: "fewer",
});

function tooMany(place: Place, what: string, most: number): Finding {
  return finding(place, { found: `more than ${most} ${what}`, wanted: `at most ${most}` });
}
