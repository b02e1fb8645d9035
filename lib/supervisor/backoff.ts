/**
 * When a crashed instance is started again. Pure: time and randomness come in as values.
 *
 * @module
 */

import type { Timing } from "./timing.ts";

/** The part of {@linkcode Timing} that back-off uses. */
export type BackoffTiming = Pick<
  Timing,
  "backoffFirstMs" | "backoffMaxMs" | "backoffJitter" | "crashLimit" | "crashWindowMs" | "failedRetryMs"
>;

/** The pause after some failures in a row, in milliseconds: twice as long each time, up to a bound. */
export function pauseAfter(failures: number, firstMs: number, { maxMs }: { maxMs: number }): number {
  return Math.min(maxMs, firstMs * 2 ** failures);
}

/**
 * The crashes of one generation of a service. Each instance has its own pauses; whether the service has failed depends
 * on the crashes of all its instances together.
 */
export class Backoff {
  readonly #timing: BackoffTiming;
  readonly #random: () => number;
  /** Crashes in a row, by instance. */
  readonly #inARow: Map<number, number> = new Map();
  #recentMs: number[] = [];
  #failed = false;

  constructor(timing: BackoffTiming, random: () => number = Math.random) {
    this.#timing = timing;
    this.#random = random;
  }

  /** Whether the service crashed too often and none of its crashed instances has become healthy since. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Records a crash; returns how long to wait, in milliseconds, before the instance is started again. */
  crashed(instance: number, nowMs: number): number {
    const { backoffFirstMs, backoffMaxMs, backoffJitter, crashLimit, crashWindowMs, failedRetryMs } =
      this.#timing;
    const before = this.#inARow.get(instance) ?? 0;
    this.#inARow.set(instance, before + 1);
    this.#recentMs = this.#recentMs.filter((at) => nowMs - at < crashWindowMs);
    this.#recentMs.push(nowMs);
    if (this.#recentMs.length >= crashLimit) this.#failed = true;
    const pauseMs = this.#failed
      ? failedRetryMs
      : pauseAfter(before, backoffFirstMs, { maxMs: backoffMaxMs });
    return Math.round(pauseMs * (1 + backoffJitter * this.#random()));
  }

  /** Records that an instance has served long enough to count as healthy. */
  recovered(instance: number): void {
    if (!this.#inARow.delete(instance)) return;
    this.#failed = false;
    this.#recentMs = [];
  }
}
