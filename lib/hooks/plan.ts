/**
 * Which hooks run for a command, looked up by its name. Made once for each name.
 *
 * @module
 */

import type { HookFunction } from "./hook_context.ts";
import type { HookEntry } from "./hook_entry.ts";
import type { EventClass } from "./matcher.ts";
import { NameCache } from "./name_cache.ts";
import { isPattern } from "./names.ts";

/** A hook with its place among all hooks of the service. */
export interface BoundHook {
  entry: HookEntry;
  label: string;
  /** Of a sequence: its index in the matcher; -1 otherwise. */
  pattern: number;
  /** Decides for each message, where the name is not enough. */
  predicate: ((command: string, message: unknown) => boolean) | undefined;
  run: HookFunction;
  observe: boolean;
  seesRequest: boolean;
}

/** The hooks for commands of one name in one direction. */
export interface Plan {
  hooks: readonly BoundHook[];
  /** Undefined if no sequence contains the command. */
  event: EventClass | undefined;
  /** Whether none of the hooks runs unless a sequence is complete. */
  sequencesOnly: boolean;
}

/** Up to this many names are compared one by one. */
const FEW_NAMES = 8;

/**
 * The plans of one direction. Names that hooks use have their plans made beforehand; all other names share one, unless a
 * pattern may match some of them.
 */
export class PlanTable {
  readonly #named: Map<string, Plan | null>;
  /** The same while there are few: comparing costs less than hashing a string that has just been cut. */
  readonly #few: readonly (readonly [string, Plan | null])[] | undefined;
  readonly #others: Plan | null;
  readonly #patterns: NameCache<Plan | null> | undefined;

  /**
   * @param names Every name and pattern that hooks are bound to.
   * @param make Makes the plan of a name.
   */
  constructor(names: readonly string[], make: (name: string) => Plan | null) {
    this.#named = new Map(names.filter((name) => !isPattern(name)).map((name) => [name, make(name)]));
    this.#few = this.#named.size <= FEW_NAMES ? [...this.#named] : undefined;
    this.#others = make("*");
    this.#patterns = names.some((name) => isPattern(name) && name !== "*") ? new NameCache(make) : undefined;
  }

  /** The plan of a name; null if no hook is concerned. */
  get(name: string): Plan | null {
    const named = this.#few === undefined ? this.#named.get(name) : this.#find(this.#few, name);
    if (named !== undefined) return named;
    return this.#patterns === undefined ? this.#others : this.#patterns.get(name);
  }

  #find(named: readonly (readonly [string, Plan | null])[], name: string): Plan | null | undefined {
    for (const [known, plan] of named) if (known === name) return plan;
    return undefined;
  }
}
