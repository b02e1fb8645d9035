/**
 * Questions to a worker, each with an id and a time by which it is given up.
 *
 * @module
 */

/** The questions that wait for their answers. */
export class Questions<Answer> {
  readonly #waiting: Map<number, (answer: Answer | undefined) => void> = new Map();
  #lastId = 0;

  /** An id that no other question has. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Asks, by `send` with an id; answers undefined if no answer comes in time. */
  ask(timeoutMs: number, send: (id: number) => void): Promise<Answer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const id = this.nextId();
    const timer = setTimeout(() => this.answer(id, undefined), timeoutMs);
    this.#waiting.set(id, (answer) => {
      clearTimeout(timer);
      this.#waiting.delete(id);
      resolve(answer);
    });
    send(id);
    return promise;
  }

  /** Gives the answer to a question; does nothing if nobody waits for it. */
  answer(id: number, answer: Answer | undefined): void {
    this.#waiting.get(id)?.(answer);
  }

  /** Gives up all that is open. */
  giveUp(): void {
    for (const settle of [...this.#waiting.values()]) settle(undefined);
  }
}
