/**
 * How far one sequence has come on one connection. Pure: time comes in as a value.
 *
 * A sequence of n commands has the states 1 to n - 1: the number of positions it has passed. Its end is no state: there
 * it fires. Where a state can be reached in several ways, the latest start counts: it is within the time whenever any of
 * them is.
 *
 * | a command that | strict | not strict |
 * | --- | --- | --- |
 * | fits the next position (optional ones may be left out) | moves to the next state | the same, and keeps the state it was in |
 * | fits nothing, in a direction that the sequence names | ends the state | changes nothing |
 * | goes in another direction | changes nothing | changes nothing |
 * | comes when the start is longer ago than `within` | ends the state | ends the state |
 * | completes the sequence | fires and ends all states | the same |
 *
 * Any command may begin a new match, except the one that completes an old match. For each sequence that has begun, a
 * connection keeps at most one number for each state, and the first 16 messages of each state if they are wanted.
 *
 * @module
 */

import type { Pattern } from "./pattern.ts";
import { MAX_SEQUENCE } from "./steps.ts";
import type { Direction } from "./verdict.ts";

/** Of a match at most this many messages are kept: the first ones. */
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

/** A command, as far as one sequence is concerned. */
export interface SequenceEvent extends Matched {
  /** Whether it fits each position. */
  fits: readonly boolean[];
  /** When it came, in milliseconds on any scale that does not go back. */
  nowMs: number;
}

interface Trail extends Matched {
  before: Trail | undefined;
  length: number;
}

/** The start of a state that the match is not in. */
const DEAD = -Infinity;
// One step is over before another begins, so all share these.
const best: Float64Array = new Float64Array(MAX_SEQUENCE + 1);
const source: Uint16Array = new Uint16Array(MAX_SEQUENCE + 1);

/** Where one sequence is on one connection. */
export class SequenceProgress {
  readonly #pattern: Pattern;
  /** The latest start of each state; DEAD if the match is not in it. */
  readonly #starts: number[];
  /** The messages of each state, latest first; empty if the pattern keeps none. */
  readonly #trails: (Trail | undefined)[];
  /** The highest state that the match is in; 0 if none. */
  #highest = 0;

  /** Begins with no command seen. */
  constructor(pattern: Pattern) {
    const { positions, keep } = pattern;
    this.#pattern = pattern;
    this.#starts = new Array(positions.length).fill(DEAD);
    this.#trails = keep ? new Array(positions.length).fill(undefined) : [];
  }

  /** Whether a match has begun. */
  get hasBegun(): boolean {
    return this.#highest > 0;
  }

  /** How many states the match is in; those whose time is over count until the next command. */
  get live(): number {
    return this.#starts.filter((start) => start !== DEAD).length;
  }

  /** Takes in a command; returns the first messages of the match if that completes the sequence. */
  advance(event: SequenceEvent): Matched[] | undefined {
    const { fits, nowMs } = event;
    const { positions, strict, keep } = this.#pattern;
    const starts = this.#starts;
    const trails = this.#trails;
    const reach = this.#survey(nowMs);
    const end = positions.length;
    if (reach === end - 1 && fits[reach]) {
      const trail = keep ? extend(trails[source[reach]], event) : undefined;
      starts.fill(DEAD);
      trails.fill(undefined);
      this.#highest = 0;
      return messagesOf(trail);
    }
    // Downwards, so that the trails that a state takes over are still those from before this command.
    let highest = 0;
    for (let state = Math.min(reach + 1, end - 1); state >= 1; state--) {
      if (fits[state - 1] && (strict || best[state - 1] > starts[state])) {
        starts[state] = best[state - 1];
        if (keep && starts[state] !== DEAD) trails[state] = extend(trails[source[state - 1]], event);
      } else if (strict) {
        starts[state] = DEAD;
      }
      if (starts[state] === DEAD) {
        if (keep) trails[state] = undefined;
      } else if (highest === 0) highest = state;
    }
    this.#highest = highest;
    return undefined;
  }

  /**
   * Ends states whose time is over, and finds the best way to stand before each position: `best` gets its start, `source`
   * the state it comes from. Returns the last position that can be reached.
   */
  #survey(nowMs: number): number {
    const { positions, withinMs, keep } = this.#pattern;
    const starts = this.#starts;
    best[0] = nowMs;
    source[0] = 0;
    let reach = 0;
    for (let state = 1; state < positions.length; state++) {
      if (state > this.#highest && !positions[state - 1].optional) break;
      if (nowMs - starts[state] > withinMs) {
        starts[state] = DEAD;
        if (keep) this.#trails[state] = undefined;
      }
      best[state] = starts[state];
      source[state] = state;
      if (positions[state - 1].optional && best[state - 1] > best[state]) {
        best[state] = best[state - 1];
        source[state] = source[state - 1];
      }
      if (state > this.#highest && best[state] === DEAD) break;
      if (best[state] !== DEAD) reach = state;
    }
    return reach;
  }
}

function extend(before: Trail | undefined, { message, command, direction }: Matched): Trail {
  if (before !== undefined && before.length === MAX_MATCHED) return before;
  return { message, command, direction, before, length: (before?.length ?? 0) + 1 };
}

function messagesOf(trail: Trail | undefined): Matched[] {
  const messages: Matched[] = [];
  for (let one = trail; one !== undefined; one = one.before) {
    messages.push({ message: one.message, command: one.command, direction: one.direction });
  }
  return messages.reverse();
}
