/**
 * The order of answers when some of them never come from the upstream: a reply that a hook injects waits until every
 * request before it has been answered. Pure.
 *
 * @module
 */

/** Counts requests and answers, and keeps injected replies until it is their turn. */
export class Turns<T> {
  #asked = 0;
  #answered = 0;
  #waiting: { after: number; reply: T }[] = [];

  /** Injected replies that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** A request goes to the upstream. */
  ask(): void {
    this.#asked++;
  }

  /** Whether a reply injected now may go at once; if not it is kept, and {@linkcode answer} gives it out. */
  inject(reply: T): boolean {
    if (this.#answered >= this.#asked) return true;
    this.#waiting.push({ after: this.#asked, reply });
    return false;
  }

  /** The oldest request has been answered. Answers what follows in its turn. */
  answer(): readonly T[] {
    this.#answered++;
    if (this.#waiting.length === 0) return NOTHING;
    const ready = this.#waiting.filter(({ after }) => after <= this.#answered);
    this.#waiting.splice(0, ready.length);
    return ready.map(({ reply }) => reply);
  }

  /** No answer will come any more. Answers all that waited for one. */
  end(): readonly T[] {
    this.#answered = this.#asked;
    return this.#waiting.splice(0).map(({ reply }) => reply);
  }
}

const NOTHING: readonly never[] = [];
