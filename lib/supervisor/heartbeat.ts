/**
 * Whether a worker is alive: it is pinged at intervals, and must not leave too many pings unanswered.
 *
 * @module
 */

/** How patient a heart is. */
export interface HeartbeatOptions {
  /** Within so long without an answer the worker is taken for dead, a part of it before the end; 0 for any time. */
  limitMs: number;
  /** So many pings in a row must have been left unanswered. */
  missed: number;
}

/** How often a worker whose silence means nothing is pinged, for its counters. */
const COUNTERS_MS = 1000;

/** The heart of one worker. Counts pings, not time: a machine that slept must not find all its workers dead. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #silent: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unanswered = 0;

  /** @param silent Called once the worker is to be taken for dead. */
  constructor(
    options: HeartbeatOptions,
    ping: () => void,
    silent: () => void,
  ) {
    this.#options = options;
    this.#ping = ping;
    this.#silent = silent;
  }

  /** Whether more than the latest ping is unanswered. */
  get doubtful(): boolean {
    return this.#unanswered > 1;
  }

  start(): void {
    const { limitMs, missed } = this.#options;
    // The last of the pings is found unanswered one interval after it was sent.
    this.#timer ??= setInterval(() => this.#tick(), limitMs > 0 ? limitMs / (missed + 1) : COUNTERS_MS);
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
    const { limitMs, missed } = this.#options;
    if (limitMs > 0 && this.#unanswered >= missed) return this.#silent();
    this.#unanswered++;
    this.#ping();
  }
}
