/**
 * The bus of a pool: between its processes, and between them and the rest of the server.
 *
 * @module
 */

import { Bus, type BusMessage, type Subscriber } from "../service/service_bus.ts";

/** Passes the subscriptions and messages of its processes on to the supervisor. */
export class PoolBus extends Bus {
  readonly #post: (message: BusMessage) => void;

  constructor(post: (message: BusMessage) => void) {
    super();
    this.#post = post;
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
    if (from !== null) this.#post({ type: "publish", topic, json });
  }
}
