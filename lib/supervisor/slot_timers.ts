/**
 * The timers of one slot: the deadline of its state, the pause before a crashed worker is replaced, and the time after
 * which one counts as healthy.
 *
 * @module
 */

import type { Backoff } from "./backoff.ts";
import type { Timing } from "./timing.ts";

type Timer = ReturnType<typeof setTimeout>;

/** What the timers go by. */
export interface SlotTimersOptions {
  /** Shared with the other instances of the generation. */
  backoff: Backoff;
  timing: Timing;
}

/** The timers of one instance. Each state sets its own: `clear` ends those of the state before. */
export class SlotTimers {
  readonly #instance: number;
  readonly #options: SlotTimersOptions;
  #deadline: Timer | undefined;
  #pause: Timer | undefined;
  #pauseMs = 0;

  constructor(instance: number, options: SlotTimersOptions) {
    this.#instance = instance;
    this.#options = options;
  }

  /** The pause before the next worker, in milliseconds. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  clear(): void {
    clearTimeout(this.#pause);
    clearTimeout(this.#deadline);
  }

  /** Acts unless the state is another one by then. */
  deadline(limitMs: number, act: () => void): void {
    this.#deadline = setTimeout(act, limitMs);
  }

  /** Its worker has crashed: acts when the next one may be started. */
  backOff(act: () => void): void {
    this.#pauseMs = this.#options.backoff.crashed(this.#instance, performance.now());
    this.#pause = setTimeout(act, this.#pauseMs);
  }

  /** Its worker serves: after a while it counts as healthy. */
  serves(): void {
    const { backoff, timing } = this.#options;
    this.#pause = setTimeout(() => backoff.recovered(this.#instance), timing.healthyMs);
  }
}
