/**
 * Requests to a worker, each with an id and a time-out.
 *
 * @module
 */

/** Requests that wait for their answers. */
export class PendingRequests<Answer> {
  readonly #waiting: Map<number, (answer: Answer | undefined) => void> = new Map();
  #lastId = 0;

  /** An id that no other request has. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Sends a request by `send`; resolves to undefined if no answer comes in time. */
  request(timeoutMs: number, send: (id: number) => void): Promise<Answer | undefined> {
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

  /** Settles a request; does nothing if nobody waits for it. */
  answer(id: number, answer: Answer | undefined): void {
    this.#waiting.get(id)?.(answer);
  }

  /** Settles all open requests with undefined. */
  cancelAll(): void {
    for (const settle of [...this.#waiting.values()]) settle(undefined);
  }
}
