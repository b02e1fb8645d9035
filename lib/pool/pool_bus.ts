/**
 * The bus of a pool: between its processes, and between them and the rest of the server.
 *
 * @module
 */

import { RateWindow } from "../spec/rate_window.ts";
import { Bus, type BusMessage, type Subscriber } from "../service/service_bus.ts";

/** At most so many messages of all processes together are passed on in a second, */
const MAX_MESSAGES = 20_000;
/** and so many UTF-16 units of them. */
const MAX_CHARACTERS = 64 * 1024 ** 2;

/** Passes the subscriptions and messages of its processes on to the supervisor. */
export class PoolBus extends Bus {
  readonly #post: (message: BusMessage) => void;
  readonly #dropped: () => void;
  readonly #messages: RateWindow = new RateWindow(MAX_MESSAGES);
  readonly #characters: RateWindow = new RateWindow(MAX_CHARACTERS);

  /** @param dropped Called for each message that is not passed on because there are too many. */
  constructor(post: (message: BusMessage) => void, dropped: () => void = () => {}) {
    super();
    this.#post = post;
    this.#dropped = dropped;
  }

  override subscribe(subscriber: Subscriber, topic: string): boolean {
    const before = this.topics;
    const taken = super.subscribe(subscriber, topic);
    if (this.topics > before) this.#post({ type: "subscribe", topic });
    return taken;
  }

  override unsubscribe(subscriber: Subscriber, topic: string): void {
    const before = this.topics;
    super.unsubscribe(subscriber, topic);
    if (this.topics < before) this.#post({ type: "unsubscribe", topic });
  }

  override publish(from: Subscriber | null, topic: string, json: string): void {
    super.publish(from, topic, json);
    // The supervisor has delivered its own messages to everybody else already.
    if (from === null) return;
    const fits = this.#messages.take(1, performance.now()) &&
      this.#characters.take(topic.length + json.length, performance.now());
    if (!fits) this.#dropped();
    else this.#post({ type: "publish", topic, json });
  }
}
