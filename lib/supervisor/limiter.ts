/**
 * How many things are done at the same time. No I/O.
 *
 * @module
 */

/** Lets so many act at a time; the others wait in order. */
export class Limiter {
  readonly #atOnce: number;
  #acting = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Acts once there is room. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#acting >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#acting++;
    try {
      return await act();
    } finally {
      // Whoever waits takes the place over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#acting--;
      else next();
    }
  }
}
