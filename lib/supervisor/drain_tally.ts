/**
 * How the connections of one instance end. No I/O.
 *
 * A worker that drains reports its result. One that is terminated during its drain, or never drains, reports none: then
 * the result follows from the connections open when the drain began and when they were last counted.
 *
 * @module
 */

/** How the connections of a drained instance or generation ended. */
export interface DrainResult {
  finished: number;
  cut: number;
}

/** Counts the connections of one instance from the start of its drain or stop. */
export class DrainTally {
  #reported: DrainResult | undefined;
  #atDrain: number | undefined;
  #atStop: number | undefined;
  #cut = 0;

  /** The result as far as it is known now. */
  get result(): DrainResult {
    if (this.#reported !== undefined) return this.#reported;
    const finished = this.#atDrain === undefined ? 0 : Math.max(0, this.#atDrain - this.#cut);
    return { finished, cut: this.#cut };
  }

  /** The instance is told to drain or to stop with this many open. May be called again with a better count. */
  ordered(order: "drain" | "stop", open: number): void {
    if (order === "drain") this.drains(open);
    else this.stops(open);
  }

  /** The drain begins with this many open. May be called again with a better count. */
  drains(open: number): void {
    this.#atDrain = open;
  }

  /** The instance is told to cut this many. May be called again with a better count. */
  stops(open: number): void {
    this.#atStop = this.#cut = open;
  }

  /** The worker has reported how its drain ended. */
  reported(result: DrainResult): void {
    this.#reported = result;
  }

  /** The worker is terminated with this many open, as far as is known; an earlier order to cut takes precedence. */
  ends(open: number): void {
    if (this.#atStop === undefined) this.#cut = open;
  }

  /** The instance serves again. */
  reset(): void {
    this.#reported = this.#atDrain = this.#atStop = undefined;
    this.#cut = 0;
  }
}
