/**
 * Matches all sequences of a service against the commands of a connection. Pure: time comes in as a value.
 *
 * @module
 */

import { testName } from "./names.ts";
import { DIRECTION_BITS, isMixed, type Pattern } from "./pattern.ts";
import { type Matched, SequenceProgress } from "./sequence_progress.ts";
import type { Direction } from "./verdict.ts";

/** A sequence that is complete. */
export interface Fired {
  /** Its index among the patterns. */
  pattern: number;
  /** Its first 16 messages, in their order; none if it does not keep them. */
  matched: Matched[];
}

/** What commands of one name and direction do to sequences. Made once for each name. */
export interface EventClass {
  command: string;
  direction: Direction;
  /** Whether any of its moves waits for answers. */
  mayWait: boolean;
  /** One for each pattern that they concern. */
  moves: readonly Move[];
}

interface Move {
  pattern: number;
  /** Whether it fits each position. */
  fits: readonly boolean[];
  /** Whether it can be the first command of a match. */
  begins: boolean;
  /**
   * Whether it waits until earlier requests are answered, since the answers are part of the pattern: always, or while a
   * match has begun.
   */
  waits: "never" | "begun" | "always";
}

/** The sequences of a service. */
export class SequenceMatcher {
  /** The patterns, which {@linkcode Fired.pattern} is an index of. */
  readonly patterns: readonly Pattern[];
  readonly #directions: readonly number[];

  /** Takes in patterns. */
  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
    this.#directions = patterns.map(({ positions }) => {
      return positions.reduce((bits, position) => bits | position.directions, 0);
    });
  }

  /** Whether any pattern names a direction. */
  observes(direction: Direction): boolean {
    return this.#directions.some((bits) => (bits & DIRECTION_BITS[direction]) !== 0);
  }

  /** Whether any pattern has commands of both directions. */
  get isMixed(): boolean {
    return this.patterns.some(isMixed);
  }

  /** What a command does; undefined if it concerns no sequence. */
  classify(direction: Direction, command: string): EventClass | undefined {
    const bit = DIRECTION_BITS[direction];
    const moves: Move[] = [];
    for (const [pattern, { positions, strict }] of this.patterns.entries()) {
      if ((this.#directions[pattern] & bit) === 0) continue;
      const fits = positions.map(({ test, directions }) =>
        (directions & bit) !== 0 && testName(test, command)
      );
      if (!strict && !fits.includes(true)) continue;
      const first = positions.slice(0, positions.findIndex(({ optional }) => !optional) + 1);
      const begins = fits.slice(0, first.length).includes(true);
      const isOrdered = direction === "in" && this.#directions[pattern] === DIRECTION_BITS.both;
      const mayBeginWithReply = first.some(({ directions }) => (directions & DIRECTION_BITS.out) !== 0);
      const waits = !isOrdered ? "never" : begins || mayBeginWithReply ? "always" : "begun";
      moves.push({ pattern, fits, begins, waits });
    }
    if (moves.length === 0) return undefined;
    return { command, direction, moves, mayWait: moves.some(({ waits }) => waits !== "never") };
  }

  /** Whether a command can complete a pattern. */
  completes(event: EventClass | undefined, pattern: number): boolean {
    return event?.moves.some((move) => move.pattern === pattern && move.fits.at(-1) === true) ?? false;
  }

  /** The state of one connection, at the beginning. */
  start(): MatcherState {
    return new MatcherState(this.patterns);
  }
}

/** Where the sequences of a service are on one connection. */
export class MatcherState {
  readonly #patterns: readonly Pattern[];
  readonly #progress: (SequenceProgress | undefined)[] = [];

  /** Begins with no command seen. */
  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  /** How many states the matches are in. */
  get live(): number {
    return this.#progress.reduce((sum, progress) => sum + (progress?.live ?? 0), 0);
  }

  /** Whether a command has to wait until the requests before it are answered. */
  waits({ moves }: EventClass): boolean {
    return moves.some(({ pattern, waits }) =>
      waits === "always" || (waits === "begun" && this.#progress[pattern]?.hasBegun === true)
    );
  }

  /**
   * Takes in a command.
   *
   * @param nowMs Milliseconds on any scale that does not go back.
   * @returns The sequences that it completes; undefined if none.
   */
  step({ command, direction, moves }: EventClass, message: unknown, nowMs: number): Fired[] | undefined {
    let fired: Fired[] | undefined;
    for (const { pattern, fits, begins } of moves) {
      const known = this.#progress[pattern];
      if (!begins && !known?.hasBegun) continue;
      const progress = known ?? (this.#progress[pattern] = new SequenceProgress(this.#patterns[pattern]));
      const matched = progress.advance({ fits, message, command, direction, nowMs });
      if (matched !== undefined) (fired ??= []).push({ pattern, matched });
    }
    return fired;
  }
}
