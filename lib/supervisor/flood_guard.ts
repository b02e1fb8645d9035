/**
 * How much one worker may send. What is published or logged beyond it is dropped; a worker that goes on so is broken.
 * Pure: time comes in as a value.
 *
 * @module
 */

import type { FromWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { RateWindow } from "../spec/rate_window.ts";

/** How much a worker may send. */
export interface FloodLimits {
  /** Messages in a second. @default {20000} */
  messages?: number;
  /** UTF-16 units of what is published in a second. @default {64 MiB} */
  published?: number;
  /** After so many seconds in a row that exceed either it is broken. @default {10} */
  seconds?: number;
}

/** How much the worker of a specification may send. */
export function floodLimits(
  { handoffSocket, pool }: Pick<WorkerSpec, "handoffSocket" | "pool">,
): FloodLimits {
  // A process of a pool serves one connection, and its pool passes on what it sends.
  if (handoffSocket !== undefined) return { messages: 2_000, published: 8 * 1024 ** 2, seconds: 3 };
  // The pool itself runs none of the service's code.
  if (pool !== undefined) return { messages: 20_000 + 2_000 * pool.size, published: 256 * 1024 ** 2 };
  return {};
}

/** What becomes of a message. */
export type FloodVerdict = "take" | "drop" | "broken";

/** Watches what one worker sends. */
export class FloodGuard {
  readonly #messages: RateWindow;
  readonly #published: RateWindow;
  readonly #seconds: number;
  readonly #words: string;

  constructor({ messages = 20_000, published = 64 * 1024 ** 2, seconds = 10 }: FloodLimits = {}) {
    this.#messages = new RateWindow(messages);
    this.#published = new RateWindow(published);
    this.#seconds = seconds;
    this.#words =
      `sent more than ${messages} messages or published more than ${published} characters a second ` +
      `for ${seconds} s`;
  }

  /** What it did, once it is broken. */
  get fault(): string {
    return this.#words;
  }

  take(message: FromWorker, nowMs: number): FloodVerdict {
    const fits = this.#messages.take(1, nowMs) &&
      (message.type !== "publish" || this.#published.take(message.topic.length + message.json.length, nowMs));
    if (fits) return "take";
    const inARow = Math.max(this.#messages.exceededInARow, this.#published.exceededInARow);
    if (inARow >= this.#seconds) return "broken";
    // Answers and what concerns its life are taken: there is nothing to be gained by not knowing them.
    return message.type === "publish" || message.type === "log" ? "drop" : "take";
  }
}
