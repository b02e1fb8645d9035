/**
 * How the connections of one instance end. No I/O.
 *
 * A worker that drains tells its result. One that is ended in the middle of it, or never drains at all, tells none: then
 * that counts which was open when it was last known, and what was open when the drain began.
 *
 * @module
 */

/** How the connections of what was drained have ended. */
export interface DrainResult {
  finished: number;
  cut: number;
}

/** The connections of one instance from the moment on at which it is to end. */
export class DrainTally {
  #told: DrainResult | undefined;
  #atDrain: number | undefined;
  #atStop: number | undefined;
  #cut = 0;

  /** What is known now. */
  get result(): DrainResult {
    if (this.#told !== undefined) return this.#told;
    const finished = this.#atDrain === undefined ? 0 : Math.max(0, this.#atDrain - this.#cut);
    return { finished, cut: this.#cut };
  }

  /** It drains, with so many open. May be said again, by one who knows better. */
  drains(open: number): void {
    this.#atDrain = open;
  }

  /** It is told to cut so many. May be said again, by one who knows better. */
  stops(open: number): void {
    this.#atStop = this.#cut = open;
  }

  /** It has told how its drain ended. */
  told(result: DrainResult): void {
    this.#told = result;
  }

  /** It is ended with so many open, as far as is known. What it was told to cut before stays counted. */
  ends(open: number): void {
    if (this.#atStop === undefined) this.#cut = open;
  }

  /** It serves again. */
  reset(): void {
    this.#told = this.#atDrain = this.#atStop = undefined;
    this.#cut = 0;
  }
}
