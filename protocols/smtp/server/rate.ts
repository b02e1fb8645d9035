/**
 * How many messages a client may send in a time. Pure: the time comes in, on a clock that only goes forward.
 *
 * @module
 */

/** How many clients are remembered; the one that has been silent for longest is forgotten first. */
const MAX_CLIENTS = 10_000;

/** A number of messages in a number of milliseconds. */
export interface RateOptions {
  /** How many may come at once, and in the time. */
  messages: number;
  /** The time. */
  perMs: number;
}

/** Counts messages by sender. One that has sent none for the time may send all of them at once. */
export class Rate {
  readonly #options: RateOptions;
  /** How many each may still send, as of when. */
  readonly #left: Map<string, { left: number; atMs: number }> = new Map();

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /** Whether one more may come from a client. */
  has(client: string, nowMs: number): boolean {
    return this.#leftOf(client, nowMs) >= 1;
  }

  /** The same, and counts it if so. */
  take(client: string, nowMs: number): boolean {
    const left = this.#leftOf(client, nowMs);
    const takes = left >= 1;
    this.#left.delete(client);
    if (this.#left.size >= MAX_CLIENTS) this.#left.delete(this.#left.keys().next().value!);
    this.#left.set(client, { left: takes ? left - 1 : left, atMs: nowMs });
    return takes;
  }

  #leftOf(client: string, nowMs: number): number {
    const { messages, perMs } = this.#options;
    const before = this.#left.get(client);
    const regained = before === undefined ? messages : (nowMs - before.atMs) * messages / perMs;
    return Math.min(messages, (before?.left ?? 0) + regained);
  }
}
