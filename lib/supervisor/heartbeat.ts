/**
 * Whether a worker is alive: it is pinged at intervals, and may leave only so many pings unanswered.
 *
 * @module
 */

/** When a worker counts as dead. */
export interface HeartbeatOptions {
  /** A worker silent for this long counts as dead, found up to one interval before the end; 0 for no limit. */
  limitMs: number;
  /** This many pings in a row must be unanswered. */
  missed: number;
}

/** How often a worker without a limit is pinged, for its counters. */
const COUNTERS_MS = 1000;

/** The heartbeat of one worker. Counts pings, not time: after a suspend, workers must not all count as dead. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #ping: () => void;
  readonly #silent: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unanswered = 0;

  /** @param silent Called while the worker counts as dead, at every interval. */
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
