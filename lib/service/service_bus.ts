/**
 * Publish and subscribe between the instances and services of one server.
 *
 * Each isolate has a {@linkcode LocalBus}: it delivers to the listeners of its own isolate at once and tells the
 * supervisor, whose {@linkcode Bus} forwards to every other worker with a subscriber. Nothing is stored: a later
 * subscriber does not get earlier messages, and a worker that has ended is forgotten with all its topics.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import { describeValue } from "../base/describe_value.ts";
import { MAX_PUBLISHED_LENGTH, MAX_TOPIC_LENGTH } from "../spec/message_limits.ts";
import { ALL_TOPICS, includesTopic, type TopicAccess } from "../spec/topic_access.ts";
import type { FromWorker } from "../spec/worker_messages.ts";

/** The most topics that one isolate may subscribe to at a time. */
export const MAX_TOPICS = 100_000;
/** The most that the names of these topics may have together, in UTF-16 units. */
export const MAX_TOPIC_CHARACTERS = 8 * 1024 ** 2;

/** What is wrong with a topic or its message. */
export type TopicErrorCode = "bad_topic" | "too_many_topics" | "message_too_large" | "topic_denied";

/** An invalid topic, one too many, one that is not permitted, or a message too large; `code` says which. */
export class TopicError extends RangeError {
  /** The name of the class. */
  override readonly name = "TopicError";
  /** What happened. */
  readonly code: TopicErrorCode;

  /** Makes the error. */
  constructor(code: TopicErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

freezeClass(TopicError);

type Listener = (message: unknown) => void;

/** Messages from an isolate to the supervisor about topics. */
export type BusMessage = Extract<FromWorker, { type: "publish" | "subscribe" | "unsubscribe" }>;

/** The bus of one isolate. `post` may be omitted without a supervisor. */
export class LocalBus {
  readonly #topics: Map<string, Set<{ listener: Listener }>> = new Map();
  #characters = 0;
  readonly #post: (message: BusMessage) => void;
  readonly #onError: (error: unknown, topic: string) => void;
  /** What the service may do with topics. The supervisor sees to it too. */
  access: TopicAccess = ALL_TOPICS;

  /** @param onError Called with what a listener throws; the others still get the message. */
  constructor(
    post: (message: BusMessage) => void = () => {},
    onError: (error: unknown, topic: string) => void = () => {},
  ) {
    this.#post = post;
    this.#onError = onError;
  }

  /** How many topics have subscribers here. */
  get topics(): number {
    return this.#topics.size;
  }

  /**
   * Sends a JSON value to every subscriber of a topic, those of this isolate first. All get a copy by way of JSON.
   *
   * @throws {TopicError} If the topic is not a string, too long, or not permitted.
   * @throws {TypeError} If the message is not a JSON value: it is undefined, or contains itself or a bigint.
   */
  publish(topic: string, message: unknown): void {
    checkTopic(topic);
    this.#permit("publish", topic);
    const json = JSON.stringify(message);
    if (json === undefined) {
      throw new TypeError(`Cannot publish ${describeValue(message)}: wanted a JSON value`);
    }
    if (json.length > MAX_PUBLISHED_LENGTH) {
      throw new TopicError(
        "message_too_large",
        `Cannot publish ${json.length} characters of JSON: wanted at most ${MAX_PUBLISHED_LENGTH}`,
      );
    }
    this.#post({ type: "publish", topic, json });
    this.deliver(topic, json);
  }

  /**
   * Subscribes to a topic until the returned function is called.
   *
   * @throws {TopicError} If the topic is not a string, too long or not permitted, or if there are {@linkcode MAX_TOPICS} already.
   */
  subscribe(topic: string, listener: Listener): () => void {
    checkTopic(topic);
    this.#permit("subscribe", topic);
    let listeners = this.#topics.get(topic);
    if (!listeners) {
      if (this.#topics.size >= MAX_TOPICS) {
        throw new TopicError("too_many_topics", `Cannot subscribe to more than ${MAX_TOPICS} topics`);
      }
      if (this.#characters + topic.length > MAX_TOPIC_CHARACTERS) {
        throw new TopicError(
          "too_many_topics",
          `Cannot subscribe to topics whose names have more than ${MAX_TOPIC_CHARACTERS} characters together`,
        );
      }
      this.#characters += topic.length;
      this.#topics.set(topic, listeners = new Set());
      this.#post({ type: "subscribe", topic });
    }
    // An entry of its own, so that one function may subscribe twice and end each subscription by itself.
    const entry = { listener };
    listeners.add(entry);
    return () => {
      if (!listeners.delete(entry) || listeners.size > 0) return;
      this.#topics.delete(topic);
      this.#characters -= topic.length;
      this.#post({ type: "unsubscribe", topic });
    };
  }

  #permit(what: keyof TopicAccess, topic: string): void {
    const topics = this.access[what];
    if (includesTopic(topics, topic)) return;
    throw new TopicError(
      "topic_denied",
      `Cannot ${what} ${JSON.stringify(topic)}: the service's permissions name ${
        JSON.stringify(topics)
      } for ${what}`,
    );
  }

  /** Gives a message to the listeners of this isolate. */
  deliver(topic: string, json: string): void {
    const listeners = this.#topics.get(topic);
    if (listeners === undefined) return;
    let message: unknown;
    try {
      message = JSON.parse(json);
    } catch (error) {
      // Whoever published it is another service.
      return this.#onError(error, topic);
    }
    const isObject = typeof message === "object" && message !== null;
    for (const { listener } of [...listeners]) {
      try {
        // Each gets an object of its own: what one changes in it is nothing to the others.
        listener(isObject ? JSON.parse(json) : message);
      } catch (error) {
        this.#onError(error, topic);
      }
    }
  }
}

/** A worker, as the supervisor's bus sees it. */
export interface Subscriber {
  deliver(topic: string, json: string): void;
}

/** The bus of the supervisor. */
export class Bus {
  readonly #topics: Map<string, Set<Subscriber>> = new Map();
  readonly #subscribers: Map<Subscriber, { topics: Set<string>; characters: number }> = new Map();

  /** How many topics have subscribers. */
  get topics(): number {
    return this.#topics.size;
  }

  /** False if the subscriber has too many topics already. */
  subscribe(subscriber: Subscriber, topic: string): boolean {
    const own = this.#subscribers.get(subscriber) ?? { topics: new Set(), characters: 0 };
    if (own.topics.has(topic)) return true;
    if (own.topics.size >= MAX_TOPICS || own.characters + topic.length > MAX_TOPIC_CHARACTERS) return false;
    own.topics.add(topic);
    own.characters += topic.length;
    this.#subscribers.set(subscriber, own);
    this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(subscriber));
    return true;
  }

  unsubscribe(subscriber: Subscriber, topic: string): void {
    const own = this.#subscribers.get(subscriber);
    if (!own?.topics.delete(topic)) return;
    own.characters -= topic.length;
    if (own.topics.size === 0) this.#subscribers.delete(subscriber);
    const all = this.#topics.get(topic)!;
    all.delete(subscriber);
    if (all.size === 0) this.#topics.delete(topic);
  }

  /** Forwards to every subscriber of the topic except the sender. */
  publish(from: Subscriber | null, topic: string, json: string): void {
    for (const subscriber of this.#topics.get(topic) ?? []) {
      if (subscriber !== from) subscriber.deliver(topic, json);
    }
  }

  /** Removes a subscriber and all its topics. */
  forget(subscriber: Subscriber): void {
    for (const topic of [...this.#subscribers.get(subscriber)?.topics ?? []]) {
      this.unsubscribe(subscriber, topic);
    }
  }
}

function checkTopic(topic: unknown): void {
  if (typeof topic !== "string") {
    throw new TopicError("bad_topic", `Cannot use a topic of type ${typeof topic}: wanted a string`);
  }
  if (topic.length > MAX_TOPIC_LENGTH) {
    throw new TopicError(
      "bad_topic",
      `Cannot use a topic of ${topic.length} characters: wanted at most ${MAX_TOPIC_LENGTH}`,
    );
  }
}
