/**
 * A queue for costly work that strangers can ask for: bounded, fair over who asks, and rid of who has left.
 *
 * A few jobs run at once. The others wait, those of each key in their order, and the keys take turns: who asks for a
 * thousand jobs waits behind his own, not others behind them. When the queue is full, the newest job of the key with the
 * most gives way to one of a key with fewer.
 *
 * @module
 */

/** How much runs and how much waits. */
export interface FairQueueOptions {
  /** How many jobs run at once. */
  running: number;
  /** How many jobs wait at most. */
  waiting: number;
  /** How many jobs of one key wait at most. */
  waitingPerKey: number;
  /** A job that has waited for so long is refused when its turn comes. */
  maxWaitMs: number;
}

/** Who asks for a job. */
export interface JobOptions {
  /** Jobs of one key take turns with those of others, such as an address. */
  key: string;
  /** When it aborts while the job waits, the job is never run. */
  signal?: AbortSignal;
}

/** There is no room for a job, or it has waited for too long; `code` is `queue_full`. */
export class QueueFullError extends Error {
  /** The class's own name. */
  override readonly name = "QueueFullError";
  /** What programs compare. */
  readonly code = "queue_full";
}

interface Waiting {
  key: string;
  sinceMs: number;
  start(): void;
  refuse(error: unknown): void;
}

/** Runs jobs, a few at once. */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** What waits, by key; whose turn is next comes first. */
  readonly #waiting: Map<string, Waiting[]> = new Map();
  #count = 0;
  #running = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** How many jobs wait. */
  get size(): number {
    return this.#count;
  }

  /**
   * Runs a job when it is its turn.
   *
   * @throws {QueueFullError} If there is no room, or it has waited for too long.
   * @throws The signal's reason, if that aborts before the job runs.
   */
  async run<T>(job: () => Promise<T>, { key, signal }: JobOptions): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running >= this.#options.running) await this.#turn(key, signal);
    else this.#running++;
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  async #turn(key: string, signal: AbortSignal | undefined): Promise<void> {
    this.#makeRoom(key);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { key, sinceMs: performance.now(), start: resolve, refuse: reject };
    const jobs = this.#waiting.get(key);
    if (jobs === undefined) this.#waiting.set(key, [waiting]);
    else jobs.push(waiting);
    this.#count++;
    const leave = () => {
      this.#remove(waiting);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** @throws {QueueFullError} If there is no room for one more of this key. */
  #makeRoom(key: string): void {
    const { waiting, waitingPerKey } = this.#options;
    const own = this.#waiting.get(key)?.length ?? 0;
    if (own >= waitingPerKey) throw full(`${own} of "${key}" are waiting, at most ${waitingPerKey} may`);
    if (this.#count < waiting) return;
    let most: Waiting[] = [];
    for (const jobs of this.#waiting.values()) if (jobs.length > most.length) most = jobs;
    if (most.length <= own + 1) throw full(`${this.#count} are waiting, at most ${waiting} may`);
    const newest = most.at(-1)!;
    this.#remove(newest);
    newest.refuse(full(`${most.length + 1} of "${newest.key}" are waiting and others want to`));
  }

  #remove(waiting: Waiting): void {
    const jobs = this.#waiting.get(waiting.key);
    const index = jobs?.indexOf(waiting) ?? -1;
    if (index < 0) return;
    jobs!.splice(index, 1);
    if (jobs!.length === 0) this.#waiting.delete(waiting.key);
    this.#count--;
  }

  /** A job is over: the next key's turn. */
  #next(): void {
    for (const [key, jobs] of this.#waiting) {
      const waiting = jobs[0];
      this.#remove(waiting);
      if (jobs.length > 0) {
        // Behind the other keys.
        this.#waiting.delete(key);
        this.#waiting.set(key, jobs);
      }
      const waitedMs = performance.now() - waiting.sinceMs;
      if (waitedMs <= this.#options.maxWaitMs) return waiting.start();
      waiting.refuse(full(`it has waited for ${Math.round(waitedMs)} ms`));
    }
    this.#running--;
  }
}

function full(found: string): QueueFullError {
  return new QueueFullError(`Cannot take one more job: ${found}`);
}
