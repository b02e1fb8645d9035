/**
 * Which hooks run for commands of one name in one direction. Made once for each name.
 *
 * @module
 */

import type { HookEntry } from "./define_hooks.ts";
import type { EventClass } from "./matcher.ts";

/** A hook with its place among all. */
export interface BoundHook {
  entry: HookEntry;
  label: string;
  /** Of a sequence: its place in the matcher; -1 otherwise. */
  pattern: number;
  /** Decides for each message, where the name does not. */
  predicate?: (command: string, message: unknown) => boolean;
}

/** What is to be done for commands of one name in one direction. */
export interface Plan {
  hooks: readonly BoundHook[];
  /** Undefined if the command concerns no sequence. */
  event: EventClass | undefined;
  /** Whether none of the hooks runs unless a sequence is complete. */
  sequencesOnly: boolean;
}
