/**
 * How much of something happens in a second. Pure: time comes in as a value.
 *
 * @module
 */

/** Bounds an amount per window, and counts the windows in a row in which it was exceeded. */
export class RateWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  #sinceMs = -Infinity;
  #used = 0;
  #exceeded = false;
  #inARow = 0;

  /** @param limit The most in one window. */
  constructor(limit: number, windowMs = 1000) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** How many windows in a row, the present one included, have been exceeded. */
  get exceededInARow(): number {
    return this.#inARow + (this.#exceeded ? 1 : 0);
  }

  /** Takes an amount; returns whether it is within the bound. What is not does not count towards it. */
  take(amount: number, nowMs: number): boolean {
    const passed = nowMs - this.#sinceMs;
    // A clock that was set back begins a window, too.
    if (!(passed >= 0 && passed < this.#windowMs)) this.#begin(nowMs, passed < 2 * this.#windowMs);
    if (this.#used + amount > this.#limit && this.#used > 0) {
      this.#exceeded = true;
      return false;
    }
    this.#used += amount;
    return true;
  }

  #begin(nowMs: number, follows: boolean): void {
    this.#inARow = follows && this.#exceeded ? this.#inARow + 1 : 0;
    this.#exceeded = false;
    this.#used = 0;
    this.#sinceMs = nowMs;
  }
}
