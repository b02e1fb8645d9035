/**
 * When a crashed instance is tried again. Pure: time and chance come in as values.
 *
 * @module
 */

import type { Timing } from "./timing.ts";

/** The part of {@linkcode Timing} that back-off goes by. */
export type BackoffTiming = Pick<
  Timing,
  "backoffFirstMs" | "backoffMaxMs" | "backoffJitter" | "crashLimit" | "crashWindowMs" | "failedRetryMs"
>;

/**
 * The crashes of one generation of a service. Each instance has pauses of its own; whether the service has failed is
 * judged by the crashes of all its instances together.
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

  /** Notes a crash; answers how long to wait, in milliseconds, before the instance is tried again. */
  crashed(instance: number, nowMs: number): number {
    const { backoffFirstMs, backoffMaxMs, backoffJitter, crashLimit, crashWindowMs, failedRetryMs } =
      this.#timing;
    const before = this.#inARow.get(instance) ?? 0;
    this.#inARow.set(instance, before + 1);
    this.#recentMs = this.#recentMs.filter((at) => nowMs - at < crashWindowMs);
    this.#recentMs.push(nowMs);
    if (this.#recentMs.length >= crashLimit) this.#failed = true;
    const pauseMs = this.#failed ? failedRetryMs : Math.min(backoffMaxMs, backoffFirstMs * 2 ** before);
    return Math.round(pauseMs * (1 + backoffJitter * this.#random()));
  }

  /** Notes that an instance has served long enough to be taken for healthy. */
  recovered(instance: number): void {
    if (!this.#inARow.delete(instance)) return;
    this.#failed = false;
    this.#recentMs = [];
  }
}
