/**
 * Keys that the schema has and this version does not serve. When one becomes real, its line goes.
 *
 * @module
 */

import { describe, type Finding, finding } from "./problems.ts";
import { asMapping } from "./tree.ts";

const UNAVAILABLE: readonly string[] = ["upstream"];

/** Finds the keys of services that are not available in this version. */
export function unavailableKeys(tree: unknown): Finding[] {
  return Object.entries(asMapping(asMapping(tree).services)).flatMap(([name, service]) =>
    UNAVAILABLE.filter((key) => asMapping(service)[key] !== undefined).map((key) =>
      finding(["services", name, key], {
        found: describe(asMapping(service)[key]),
        wanted: `no ${key}`,
        message: `"${key}" is not available in this version`,
      })
    )
  );
}
