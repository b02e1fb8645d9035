/**
 * The order of answers when some of them never come from the upstream: a reply that a hook injects waits until every
 * request before it has been answered. Pure.
 *
 * @module
 */

/**
 * Counts requests and answers, and keeps injected replies until it is their turn.
 *
 * `whole` says whether what the upstream has sent so far ends with a whole message: nothing is put between two parts of
 * one.
 */
export class ReplyOrder<T> {
  #asked = 0;
  #answered = 0;
  #waiting: { after: number; reply: T }[] = [];
  #whole = true;

  /** Requests that are not answered yet. */
  get open(): number {
    return this.#asked - this.#answered;
  }

  /** A request goes to the upstream. */
  ask(): void {
    this.#asked++;
  }

  /** Whether a reply injected now may go at once; if not it is kept, and {@linkcode heard} gives it out. */
  inject(reply: T): boolean {
    if (this.#whole && this.#answered >= this.#asked) return true;
    this.#waiting.push({ after: this.#asked, reply });
    return false;
  }

  /** Something has come from the upstream. Answers what follows in its turn. */
  heard(answers: boolean, whole: boolean): readonly T[] {
    if (answers) this.#answered++;
    this.#whole = whole;
    if (!this.#whole || this.#waiting.length === 0) return NOTHING;
    const ready = this.#waiting.filter(({ after }) => after <= this.#answered);
    this.#waiting.splice(0, ready.length);
    return ready.map(({ reply }) => reply);
  }

  /** No answer will come any more. Answers all that waited for one. */
  end(): readonly T[] {
    this.#answered = this.#asked;
    this.#whole = true;
    return this.#waiting.splice(0).map(({ reply }) => reply);
  }
}

const NOTHING: readonly never[] = [];
