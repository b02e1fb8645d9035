/**
 * Matches all sequences of a service against the commands of a connection. Pure: time comes in as a value.
 *
 * A sequence of n commands has the states 1 to n - 1, "so many of its positions are behind"; being at its end is no
 * state, it fires. A state that can be reached in several ways keeps the latest of their starts, since that one is
 * complete in time whenever any of them is.
 *
 * | a command that | strict | not strict |
 * | --- | --- | --- |
 * | fits the next position (optional ones may be left out) | the state behind it lives | the same; the one before lives on |
 * | fits nothing, in a direction that the sequence names | the state dies | is ignored |
 * | goes another way | is ignored | is ignored |
 * | comes when the start is longer ago than `within` | the state dies | the state dies |
 * | completes the sequence | it fires, all its states die | the same |
 *
 * Any command may be the first of a new match, but for the one that completes an old one. A connection keeps for each
 * sequence it has begun at most one number for each state, and the first 16 messages of each state if they are wanted.
 *
 * @module
 */

import { testName } from "./names.ts";
import { DIRECTION_BITS, type Pattern } from "./pattern.ts";
import { MAX_SEQUENCE } from "./steps.ts";
import type { Direction } from "./verdict.ts";

/** So many messages of a match are kept: the first ones. */
export const MAX_MATCHED = 16;

/** A message that belongs to a match. */
export interface Matched<M = unknown> {
  /** As it came. */
  message: M;
  /** Its command. */
  command: string;
  /** Which way it went. */
  direction: Direction;
}

/** A sequence that is complete. */
export interface Fired {
  /** Its place among the patterns. */
  pattern: number;
  /** Its first 16 messages, in their order; none if it does not keep them. */
  matched: Matched[];
}

/** What a command of some name and direction can do. Made once for each name. */
export interface EventClass {
  command: string;
  direction: Direction;
  /** The patterns that it concerns. */
  moves: readonly Move[];
}

interface Move {
  pattern: number;
  /** Whether it fits each position. */
  fits: readonly boolean[];
  /** Whether it can be the first command of a match. */
  begins: boolean;
}

/** Where one pattern stands on one connection. */
interface Progress {
  /** The latest start of each state; DEAD if it is not alive. */
  starts: number[];
  /** The messages of each state, latest first; empty if the pattern keeps none. */
  trails: (Trail | undefined)[];
  /** The highest state alive; 0 if none is. */
  highest: number;
}

interface Trail extends Matched {
  before: Trail | undefined;
  length: number;
}

const DEAD = -Infinity;
// One step is over before another begins, so all share these.
const best: Float64Array = new Float64Array(MAX_SEQUENCE + 1);
const source: Uint16Array = new Uint16Array(MAX_SEQUENCE + 1);

/** The sequences of a service. */
export class SequenceMatcher {
  /** The patterns, which {@linkcode Fired.pattern} counts. */
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

  /** What a command can do; undefined if nothing at all. */
  classify(direction: Direction, command: string): EventClass | undefined {
    const bit = DIRECTION_BITS[direction];
    const moves: Move[] = [];
    for (const [pattern, { positions, strict }] of this.patterns.entries()) {
      if ((this.#directions[pattern] & bit) === 0) continue;
      const fits = positions.map(({ test, directions }) =>
        (directions & bit) !== 0 && testName(test, command)
      );
      if (!strict && !fits.includes(true)) continue;
      const must = positions.findIndex(({ optional }) => !optional);
      moves.push({ pattern, fits, begins: fits.slice(0, must + 1).includes(true) });
    }
    return moves.length === 0 ? undefined : { command, direction, moves };
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

/** Where the sequences of a service stand on one connection. */
export class MatcherState {
  readonly #patterns: readonly Pattern[];
  readonly #progress: (Progress | undefined)[] = [];

  /** Begins with no command seen. */
  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  /** How many states are alive; those whose time is over count until a command that concerns them comes. */
  get live(): number {
    let count = 0;
    for (const progress of this.#progress) {
      for (const start of progress?.starts ?? []) if (start !== DEAD) count++;
    }
    return count;
  }

  /**
   * Takes in a command.
   *
   * @param nowMs Milliseconds on any scale that does not go back.
   * @returns The sequences that it completes; undefined if none.
   */
  step(event: EventClass, message: unknown, nowMs: number): Fired[] | undefined {
    let fired: Fired[] | undefined;
    for (const move of event.moves) {
      let progress = this.#progress[move.pattern];
      if (!move.begins && (progress === undefined || progress.highest === 0)) continue;
      const pattern = this.#patterns[move.pattern];
      progress ??= this.#progress[move.pattern] = newProgress(pattern);
      const matched = advance(pattern, progress, { fits: move.fits, event, message, nowMs });
      if (matched !== undefined) (fired ??= []).push({ pattern: move.pattern, matched });
    }
    return fired;
  }
}

function newProgress({ positions, keep }: Pattern): Progress {
  return {
    starts: new Array(positions.length).fill(DEAD),
    trails: keep ? new Array(positions.length).fill(undefined) : [],
    highest: 0,
  };
}

/** Moves one pattern; answers the messages of the match if that completes it. */
function advance(
  pattern: Pattern,
  progress: Progress,
  { fits, event, message, nowMs }: {
    fits: readonly boolean[];
    event: EventClass;
    message: unknown;
    nowMs: number;
  },
): Matched[] | undefined {
  const { starts, trails } = progress;
  const { positions, strict, keep } = pattern;
  const reach = survey(pattern, progress, nowMs);
  const end = positions.length;
  if (reach === end - 1 && fits[reach]) {
    const trail = keep ? extend(trails[source[reach]], event, message) : undefined;
    starts.fill(DEAD);
    trails.fill(undefined);
    progress.highest = 0;
    return messagesOf(trail);
  }
  // Downwards, so that the trails that a state takes over are still those of before this command.
  let highest = 0;
  for (let state = Math.min(reach + 1, end - 1); state >= 1; state--) {
    if (fits[state - 1] && (strict || best[state - 1] > starts[state])) {
      starts[state] = best[state - 1];
      if (keep && starts[state] !== DEAD) trails[state] = extend(trails[source[state - 1]], event, message);
    } else if (strict) {
      starts[state] = DEAD;
    }
    if (starts[state] === DEAD) {
      if (keep) trails[state] = undefined;
    } else if (highest === 0) highest = state;
  }
  progress.highest = highest;
  return undefined;
}

/**
 * Lets states die whose time is over, and finds for each position the best way to stand before it: `best` gets its
 * start, `source` the state it comes from. Answers the last position that can be stood before.
 */
function survey({ positions, withinMs, keep }: Pattern, progress: Progress, nowMs: number): number {
  const { starts, trails, highest } = progress;
  best[0] = nowMs;
  source[0] = 0;
  let reach = 0;
  for (let state = 1; state < positions.length; state++) {
    if (state > highest && !positions[state - 1].optional) break;
    if (nowMs - starts[state] > withinMs) {
      starts[state] = DEAD;
      if (keep) trails[state] = undefined;
    }
    best[state] = starts[state];
    source[state] = state;
    if (positions[state - 1].optional && best[state - 1] > best[state]) {
      best[state] = best[state - 1];
      source[state] = source[state - 1];
    }
    if (state > highest && best[state] === DEAD) break;
    if (best[state] !== DEAD) reach = state;
  }
  return reach;
}

function extend(before: Trail | undefined, event: EventClass, message: unknown): Trail {
  if (before !== undefined && before.length === MAX_MATCHED) return before;
  const { command, direction } = event;
  return { message, command, direction, before, length: (before?.length ?? 0) + 1 };
}

function messagesOf(trail: Trail | undefined): Matched[] {
  const messages: Matched[] = [];
  for (let one = trail; one !== undefined; one = one.before) {
    messages.push({ message: one.message, command: one.command, direction: one.direction });
  }
  return messages.reverse();
}
