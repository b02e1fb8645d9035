/**
 * One coarse timer for all deadlines of a service, in place of one per connection and frame.
 *
 * @module
 */

import type { Limits } from "../contract/limits.ts";

/** Something with deadlines. */
export interface Ticking {
  /** @param now Milliseconds on the clock's own scale. */
  tick(now: number): void;
}

const SHORTEST_PERIOD_MS = 10;
const LONGEST_PERIOD_MS = 500;
/** A deadline is kept to within this part of its length. */
const PRECISION = 1 / 8;

/** Tells the time to within its period and runs only while something has deadlines. */
export class Clock {
  /** Whole milliseconds, as of the last tick; never 0. */
  now: number = wholeMs();
  readonly periodMs: number;
  readonly #members: Set<Ticking> = new Set();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(limits: Limits) {
    const timeouts = Object.entries(limits)
      .filter(([name, value]) => name.endsWith("Ms") && value > 0)
      .map(([, value]) => value * PRECISION);
    this.periodMs = Math.max(SHORTEST_PERIOD_MS, Math.min(LONGEST_PERIOD_MS, ...timeouts));
  }

  /** Ticks a member until it is deleted. */
  add(member: Ticking): void {
    this.#members.add(member);
    if (this.#timer !== undefined) return;
    this.now = wholeMs();
    this.#timer = setInterval(() => this.#tick(), this.periodMs);
  }

  /** Ticks a member no more. */
  delete(member: Ticking): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.now = wholeMs();
    for (const member of this.#members) member.tick(this.now);
  }
}

/** Whole, since each connection keeps several: a small integer takes no memory of its own. */
function wholeMs(): number {
  return Math.ceil(performance.now());
}
