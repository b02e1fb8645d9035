/**
 * Who waits for whom: what concerns everything is done alone, what concerns one thing beside what concerns others. First
 * come, first served. No I/O.
 *
 * @module
 */

/** Puts actions in turn. */
export class Turns {
  /** The latest action that is done alone. */
  #alone: Promise<unknown> = Promise.resolve();
  /** The latest action of each key since then. */
  readonly #latest: Map<string, Promise<unknown>> = new Map();

  /** Settles once all actions so far are over. */
  get idle(): Promise<unknown> {
    return Promise.all([this.#alone, ...this.#latest.values()]);
  }

  /** Acts once all actions before are over; actions after wait for it. */
  alone<T>(act: () => Promise<T>): Promise<T> {
    const done = this.idle.then(act);
    this.#alone = done.catch(() => {});
    this.#latest.clear();
    return done;
  }

  /** Acts once the actions of this key before are over, and what is done alone before. */
  forKey<T>(key: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#latest.get(key) ?? this.#alone).then(act);
    const over = done.catch(() => {}).then(() => {
      if (this.#latest.get(key) === over) this.#latest.delete(key);
    });
    this.#latest.set(key, over);
    return done;
  }
}
