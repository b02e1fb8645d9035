/**
 * The order of answers when hooks answer some requests in the upstream's place. Pure.
 *
 * @module
 */

/** A reply that waits for its turn. */
interface Waiting<T> {
  /** Of how many requests the answers come before it. */
  after: number;
  /** Undefined: nothing, in the place of an answer. */
  reply: T | undefined;
  /** Whether the answer to the request behind those is dropped, as this takes its place. */
  replaces: boolean;
}

/**
 * Counts requests and answers, and keeps injected replies until it is their turn.
 *
 * `whole` says whether what the upstream has sent so far ends with a whole message: nothing is put between two parts of
 * one.
 */
export class ReplyOrder<T> {
  #asked = 0;
  #answered = 0;
  /** In the order of their turns. */
  #waiting: Waiting<T>[] = [];
  #whole: boolean;

  /** @param options.greets Whether the upstream speaks first: nothing comes before its greeting. */
  constructor(options: { greets: boolean } = { greets: false }) {
    this.#whole = !options.greets;
  }

  /** Requests that are not answered yet. */
  get open(): number {
    return this.#asked - this.#answered;
  }

  /** A request goes to the upstream. */
  ask(): void {
    this.#asked++;
  }

  /**
   * Whether a reply injected now may go at once; if not it is kept, and {@linkcode heard} gives it out.
   *
   * @param options.isInstead Whether it is in the place of the answer to the last request, which never comes.
   */
  inject(reply: T, { isInstead = false }: { isInstead?: boolean } = {}): boolean {
    const after = isInstead ? Math.max(0, this.#asked - 1) : this.#asked;
    if (this.#whole && this.#answered >= after) return true;
    this.#waiting.push({ after, reply, replaces: false });
    return false;
  }

  /** A request goes to the upstream whose answer is dropped; the reply, if there is one, takes its place. */
  askInstead(reply: T | undefined): void {
    this.#waiting.push({ after: this.#asked++, reply, replaces: true });
  }

  /** Whether the next answer is to be dropped, to a request that {@linkcode askInstead} counted. */
  get isReplaced(): boolean {
    return this.#waiting.length > 0 && this.#waiting[0].replaces && this.#waiting[0].after === this.#answered;
  }

  /** Something has come from the upstream. Gives out what follows in its turn. */
  heard(answers: boolean, whole: boolean): readonly T[] {
    if (answers) this.#answered++;
    this.#whole = whole;
    return whole && this.#waiting.length > 0 ? this.#due() : NOTHING;
  }

  /** The answer that is replaced has come. Gives out what takes its place and what follows in its turn. */
  heardReplaced(): readonly T[] {
    this.#answered++;
    this.#waiting[0].replaces = false;
    return this.#due();
  }

  /** No answer will come any more. Gives out all that waited for one. */
  end(): readonly T[] {
    this.#answered = this.#asked;
    this.#whole = true;
    return repliesOf(this.#waiting.splice(0));
  }

  #due(): readonly T[] {
    const rest = this.#waiting.findIndex(({ after, replaces }) => replaces || after > this.#answered);
    return repliesOf(this.#waiting.splice(0, rest < 0 ? this.#waiting.length : rest));
  }
}

const NOTHING: readonly never[] = [];

function repliesOf<T>(waiting: Waiting<T>[]): T[] {
  return waiting.flatMap(({ reply }) => reply === undefined ? [] : [reply]);
}
