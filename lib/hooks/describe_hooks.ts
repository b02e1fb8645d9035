/**
 * The hooks of a service that speaks several protocols, for each of which they are compiled: one description of all.
 *
 * @module
 */

import type { HookDescription, HookSet } from "./hook_set.ts";

/**
 * Describes hooks once where they are the same for all protocols, else with the names of those for which they are so.
 * Warnings are gathered.
 *
 * @param sets The hooks of each protocol, by its name.
 */
export function describeHookSets(sets: ReadonlyMap<string, HookSet>): HookDescription[] {
  const found = new Map<string, { description: HookDescription; protocols: string[] }>();
  for (const [protocol, set] of sets) {
    for (const description of set.describe()) {
      const { direction, command, hooks, warnings = [] } = description;
      const key = JSON.stringify([direction, command, hooks]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { description, protocols: [protocol] });
      else {
        known.protocols.push(protocol);
        known.description = withWarnings(known.description, warnings);
      }
    }
  }
  return [...found.values()].map(({ description, protocols }) =>
    protocols.length === sets.size ? description : { ...description, protocols }
  );
}

function withWarnings(description: HookDescription, more: string[]): HookDescription {
  const warnings = [...new Set([...description.warnings ?? [], ...more])];
  return warnings.length === 0 ? description : { ...description, warnings };
}
