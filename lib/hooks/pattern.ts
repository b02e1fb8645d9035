/**
 * A sequence as the matcher needs it: a list of positions, repetitions written out. Pure.
 *
 * @module
 */

import { HookDefinitionError } from "./hook_error.ts";
import type { NameTest } from "./names.ts";
import { describeSteps, type HookDirection, MAX_SEQUENCE, type SequenceStep } from "./steps.ts";

/** Directions as bits. */
export const DIRECTION_BITS: Readonly<Record<HookDirection, number>> = { in: 1, out: 2, both: 3 };

/** One command of a sequence. */
export interface Position {
  /** The test of its name. */
  test: NameTest;
  /** Bits of {@linkcode DIRECTION_BITS}. */
  directions: number;
  /** Whether it may be left out. */
  optional: boolean;
}

/** A sequence, ready for the matcher. */
export interface Pattern {
  /** The last one is never optional: a match fires as early as it can. */
  positions: Position[];
  /** The most milliseconds from a match's first command to its last; Infinity for any time. */
  withinMs: number;
  /** Whether no other command may come in between. */
  strict: boolean;
  /** Whether matched messages are kept. */
  keep: boolean;
}

/** How a sequence is to be matched. */
export interface PatternOptions {
  /** The direction of steps that have none of their own. @default {"in"} */
  direction?: HookDirection;
  /** @default {Infinity} */
  withinMs?: number;
  /** @default {false} */
  strict?: boolean;
  /** @default {true} */
  keep?: boolean;
}

/**
 * Writes out the repetitions of a sequence.
 *
 * @throws {HookDefinitionError} If it is empty, too long, or if every step may be left out.
 */
export function compilePattern(steps: readonly SequenceStep[], options: PatternOptions = {}): Pattern {
  const { direction = "in", withinMs = Infinity, strict = false, keep = true } = options;
  const positions: Position[] = [];
  for (const step of steps) writeOut(step, { direction, optional: false }, positions);
  while (positions.at(-1)?.optional) positions.pop();
  if (positions.length === 0) {
    throw new HookDefinitionError(
      `Cannot use the sequence [${describeSteps(steps)}]: wanted at least one command that must come`,
    );
  }
  return { positions, withinMs, strict, keep };
}

/** Whether a sequence has commands of both directions. */
export function isMixed({ positions }: Pattern): boolean {
  return positions.reduce((bits, { directions }) => bits | directions, 0) === DIRECTION_BITS.both;
}

function writeOut(
  step: SequenceStep,
  inherited: { direction: HookDirection; optional: boolean },
  positions: Position[],
): void {
  const direction = step.direction ?? inherited.direction;
  if ("test" in step) {
    if (positions.length === MAX_SEQUENCE) {
      throw new HookDefinitionError(`Cannot use a sequence of more than ${MAX_SEQUENCE} commands`);
    }
    positions.push({ test: step.test, directions: DIRECTION_BITS[direction], optional: inherited.optional });
    return;
  }
  for (let count = 0; count < step.max; count++) {
    writeOut(step.repeat, { direction, optional: inherited.optional || count >= step.min }, positions);
  }
}
