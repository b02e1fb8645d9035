/**
 * A hook and what it is bound to.
 *
 * @module
 */

import type { ServiceContext } from "../contract/handler.ts";
import type { HookFunction } from "./hook_context.ts";
import { namesIn } from "./names.ts";
import { DIRECTION_BITS, type Pattern } from "./pattern.ts";
import { describeSteps, type HookDirection, type SequenceStep } from "./steps.ts";

/** Which commands a hook is for: a name, a pattern with `*`, a list of them, or a function that decides per message. */
// deno-lint-ignore no-explicit-any
export type CommandSelector<M = any> =
  | string
  | readonly string[]
  | ((command: string, message: M) => boolean);

/** What hooks of both kinds have. */
export interface HookBase {
  /** Higher runs first. */
  priority: number;
  /** What it does. */
  run: HookFunction;
  /** Its name in errors and in the output of `check`. */
  label?: string;
  /** Whether it can answer `reply`. @default {true} */
  mayReply?: boolean;
  /**
   * Whether it only observes: it sees every message, whatever earlier hooks decide, and decides nothing.
   *
   * @default {false}
   */
  observe?: boolean;
  /** Whether it is given the request that a reply answers. @default {false} */
  seesRequest?: boolean;
  /** What its user should know before it runs; `check` shows it. */
  warning?: string;
}

/** A hook on commands. */
export interface CommandHook extends HookBase {
  /** Bound to commands. */
  kind: "command";
  /** Which way its messages go. */
  direction: HookDirection;
  /** Names and patterns, or a function. */
  commands: CommandSelector;
}

/** A hook on a sequence of commands. */
export interface SequenceHook extends HookBase {
  /** Bound to a sequence. */
  kind: "sequence";
  /** The steps as the user wrote them. */
  steps: SequenceStep[];
  /** The steps as the matcher needs them. */
  pattern: Pattern;
}

/** A hook, as `on` and `sequence` make it. */
export type HookEntry = CommandHook | SequenceHook;

/** The default export of a module of hooks. */
export type HookModule =
  | readonly HookEntry[]
  | ((context: ServiceContext) => readonly HookEntry[] | Promise<readonly HookEntry[]>);

/** The directions of the messages that a hook runs for, as bits of {@linkcode DIRECTION_BITS}. */
export function directionsOf(entry: HookEntry): number {
  if (entry.kind === "command") return DIRECTION_BITS[entry.direction];
  return entry.pattern.positions.at(-1)!.directions;
}

/** Every name and pattern that a hook is bound to. */
export function namesOf(entry: HookEntry): string[] {
  if (entry.kind === "sequence") return entry.steps.flatMap(namesOfStep);
  return typeof entry.commands === "function" ? [] : [...entry.commands];
}

/** Describes for people what a hook is bound to. */
export function describeBinding(entry: HookEntry): string {
  if (entry.kind === "command") {
    return typeof entry.commands === "function" ? "predicate" : [entry.commands].flat().join(", ");
  }
  const { withinMs, strict } = entry.pattern;
  const within = withinMs === Infinity
    ? ""
    : ` within ${withinMs % 1000 === 0 ? `${withinMs / 1000}s` : `${withinMs}ms`}`;
  return `sequence ${describeSteps(entry.steps)}${within}${strict ? ", strict" : ""}`;
}

function namesOfStep(step: SequenceStep): string[] {
  return "test" in step ? namesIn(step.test) : namesOfStep(step.repeat);
}
