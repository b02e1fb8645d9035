/**
 * The steps of a sequence, as users write them. Pure; what they make is JSON-safe.
 *
 * @module
 */

import { describeValue } from "../base/describe_value.ts";
import { HookDefinitionError } from "./hook_error.ts";
import { describeTest, type NameTest } from "./names.ts";
import type { Direction } from "./verdict.ts";

/** The most commands in one sequence, its repetitions written out. */
export const MAX_SEQUENCE = 256;

/** One step, or the repetition of one. */
export type SequenceStep =
  & { direction?: HookDirection }
  & ({ test: NameTest } | { repeat: SequenceStep; min: number; max: number });

/** A step as users write it: a command's name, a pattern with `*`, or what the functions here make. */
export type Step = string | SequenceStep;

/** The direction of the messages that a hook or a step is for. */
export type HookDirection = Direction | "both";

/** Any command. */
export function any(): SequenceStep {
  return { test: { any: true } };
}

/** A command that is none of these. */
export function not(...steps: Step[]): SequenceStep {
  return { test: { not: testsOf("not", steps) } };
}

/** One of these commands. */
export function oneOf(...steps: Step[]): SequenceStep {
  return { test: { oneOf: testsOf("oneOf", steps) } };
}

/**
 * Repeats a step.
 *
 * @param max How often at most; `min` if it is left out. The whole sequence may be 256 commands long.
 */
export function repeat(what: Step, min: number, max: number = min): SequenceStep {
  const good = Number.isInteger(min) && Number.isInteger(max) && min >= 0 && max >= 1 && min <= max;
  if (!good || max > MAX_SEQUENCE) {
    throw new HookDefinitionError(
      `Cannot repeat a step ${min} to ${max} times, wanted two whole numbers from 0 to ${MAX_SEQUENCE}, the smaller one first`,
    );
  }
  return { repeat: readStep(what), min, max };
}

/** A step that may be left out. */
export function optional(what: Step): SequenceStep {
  return { repeat: readStep(what), min: 0, max: 1 };
}

/** A step with its own direction. */
export function step(what: Step, options: { direction?: HookDirection } = {}): SequenceStep {
  return options.direction === undefined
    ? readStep(what)
    : { ...readStep(what), direction: options.direction };
}

/**
 * Reads a step.
 *
 * @throws {HookDefinitionError} If it is none.
 */
export function readStep(what: Step): SequenceStep {
  if (typeof what === "string") return { test: { name: what } };
  if (typeof what === "object" && what !== null && ("test" in what || "repeat" in what)) return what;
  throw new HookDefinitionError(
    `Cannot use ${
      describeValue(what)
    } as a step, wanted a command or any, not, oneOf, repeat, optional, step`,
  );
}

/** Describes steps for people: `AUTH, 535 (out), AUTH 2 to 3 times`. */
export function describeSteps(steps: readonly SequenceStep[]): string {
  return steps.map(describeStep).join(", ");
}

function describeStep(one: SequenceStep): string {
  const direction = one.direction === undefined ? "" : ` (${one.direction})`;
  if ("test" in one) return `${describeTest(one.test)}${direction}`;
  const { min, max } = one;
  const times = min === max ? `${min} times` : min === 0 && max === 1 ? "or not" : `${min} to ${max} times`;
  return `${describeStep(one.repeat)} ${times}${direction}`;
}

function testsOf(name: string, steps: Step[]): NameTest[] {
  if (steps.length === 0) throw new HookDefinitionError(`Cannot use ${name}() without a command`);
  return steps.map((what) => {
    const read = readStep(what);
    if ("test" in read && read.direction === undefined) return read.test;
    throw new HookDefinitionError(`Cannot use ${describeStep(read)} inside of ${name}(), wanted a command`);
  });
}
