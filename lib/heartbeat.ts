/**
 * Whether a worker is alive: it is pinged at intervals, and must not leave too many pings unanswered.
 *
 * @module
 */

import type { Timing } from "./timing.ts";

/** The heart of one worker. Counts pings, not time: a machine that slept must not find all its workers dead. */
export class Heartbeat {
  readonly #timing: Pick<Timing, "heartbeatMs" | "heartbeatsMissed">;
  readonly #ping: () => void;
  readonly #silent: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unanswered = 0;

  /** @param silent Called once the worker is to be taken for dead. */
  constructor(
    timing: Pick<Timing, "heartbeatMs" | "heartbeatsMissed">,
    ping: () => void,
    silent: () => void,
  ) {
    this.#timing = timing;
    this.#ping = ping;
    this.#silent = silent;
  }

  /** Whether more than the latest ping is unanswered. */
  get doubtful(): boolean {
    return this.#unanswered > 1;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#timing.heartbeatMs);
  }

  answered(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unanswered = 0;
  }

  #tick(): void {
    if (this.#unanswered >= this.#timing.heartbeatsMissed) return this.#silent();
    this.#unanswered++;
    this.#ping();
  }
}
