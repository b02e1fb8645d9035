/**
 * The messages of a stream, handed out one by one: who asks first gets the first. Pure.
 *
 * @module
 */

/** The end of the stream, which no message can be mistaken for. */
export const END: unique symbol = Symbol("end of stream");

/** Who waits for a message. */
type Waiter = PromiseWithResolvers<unknown>;

/** Messages that nobody has asked for yet, or askers that no message has come for yet. */
export class MessageQueue {
  readonly #messages: unknown[] = [];
  readonly #waiters: Waiter[] = [];
  #ended = false;
  /** What has ended the stream before its peer has. */
  #error: Error | undefined;

  /** How many messages nobody has asked for. */
  get size(): number {
    return this.#messages.length;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Takes in a message. */
  push(message: unknown): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#messages.push(message);
    else waiter.resolve(message);
  }

  /** The next message that nobody before has asked for; {@linkcode END}, or the stream's error, if there is none. */
  next(): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(END);
    const waiter = Promise.withResolvers<unknown>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** No message will follow: the stream has ended, or this error has ended it. Only the first end counts. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve(END);
      else waiter.reject(error);
    }
  }

  /** Drops the messages that nobody has asked for. */
  clear(): void {
    this.#messages.length = 0;
  }
}
