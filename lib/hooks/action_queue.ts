/**
 * Work beside the hot path: a bounded queue that tries a job several times.
 *
 * What can fail: a job (it is tried again after a pause that doubles, as often as it says; then given up), a job that
 * hangs (its signal is aborted after its time), too many or too large jobs (refused at once), the end of the service
 * (jobs get a moment more, then they are given up).
 *
 * @module
 */

/** One piece of work. */
export interface Job {
  /** How much memory it holds. */
  bytes: number;
  /** Of one attempt. */
  timeoutMs: number;
  /** How many more attempts follow a failed one. */
  retries: number;
  /** Does it. A rejection with {@linkcode PermanentError} is not tried again. */
  run(signal: AbortSignal): Promise<void>;
  /** Hears that it is given up. */
  failed(error: unknown): void;
}

/** What a queue bears. */
export interface QueueOptions {
  /** So many jobs wait or are at work. @default {1000} */
  maxJobs?: number;
  /** So much memory they hold together. @default {16 MiB} */
  maxBytes?: number;
  /** So many are at work at once. @default {4} */
  concurrency?: number;
  /** The pause before a job is tried again; it doubles each time. @default {500} */
  backoffMs?: number;
  /** How long jobs may go on once the queue is to stop. @default {2000} */
  graceMs?: number;
}

/** A failure that another attempt would not mend. */
export class PermanentError extends Error {
  /** The class. */
  override readonly name = "PermanentError";
}

/** The limits of a queue that is not told otherwise. */
export const DEFAULT_QUEUE: Readonly<Required<QueueOptions>> = {
  maxJobs: 1_000,
  maxBytes: 16 * 1024 ** 2,
  concurrency: 4,
  backoffMs: 500,
  graceMs: 2_000,
};

interface Entry {
  job: Job;
  attempts: number;
}

/** Takes jobs in and does them in their order, some at a time. */
export class JobQueue {
  readonly #limits: Required<QueueOptions>;
  readonly #abort: AbortController = new AbortController();
  readonly #pausing: Map<Entry, ReturnType<typeof setTimeout>> = new Map();
  /** A ring would be quicker to shift; an array of at most `maxJobs` is quick enough. */
  #waiting: Entry[] = [];
  #working = 0;
  #bytes = 0;
  #stopping: PromiseWithResolvers<void> | undefined;

  /** Makes an empty queue. */
  constructor(options: QueueOptions = {}) {
    this.#limits = { ...DEFAULT_QUEUE, ...options };
  }

  /** How many jobs wait, pause or are at work. */
  get size(): number {
    return this.#waiting.length + this.#pausing.size + this.#working;
  }

  /** Whether a job would be refused now. */
  get full(): boolean {
    return this.#stopping !== undefined || this.size >= this.#limits.maxJobs ||
      this.#bytes >= this.#limits.maxBytes;
  }

  /** Takes a job in, or answers false because there is no room. */
  add(job: Job): boolean {
    if (this.full) return false;
    this.#bytes += job.bytes;
    this.#waiting.push({ job, attempts: 0 });
    this.#next();
    return true;
  }

  /** Takes no more in, lets what there is finish for a moment, and gives up the rest. */
  async stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = Promise.withResolvers();
      // Another attempt would come too late.
      for (const [entry, timer] of this.#pausing) {
        clearTimeout(timer);
        this.#giveUp(entry, new Error("The service stops"));
      }
      this.#pausing.clear();
      this.#settle();
      const timer = setTimeout(() => this.#cut(), this.#limits.graceMs);
      this.#stopping.promise.then(() => clearTimeout(timer));
    }
    await this.#stopping.promise;
  }

  #next(): void {
    while (this.#working < this.#limits.concurrency && this.#waiting.length > 0) {
      this.#work(this.#waiting.shift()!);
    }
  }

  async #work(entry: Entry): Promise<void> {
    const { job } = entry;
    this.#working++;
    entry.attempts++;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`it took longer than ${job.timeoutMs} ms`)),
      job.timeoutMs,
    );
    try {
      await job.run(AbortSignal.any([this.#abort.signal, late.signal]));
      this.#bytes -= job.bytes;
    } catch (error) {
      const last = entry.attempts > job.retries || error instanceof PermanentError;
      if (last || this.#stopping !== undefined) this.#giveUp(entry, error);
      else this.#pause(entry);
    } finally {
      clearTimeout(timer);
    }
    this.#working--;
    this.#next();
    this.#settle();
  }

  /** A job that pauses leaves its place to another one. */
  #pause(entry: Entry): void {
    const pauseMs = this.#limits.backoffMs * 2 ** (entry.attempts - 1) * (1 + Math.random() / 5);
    this.#pausing.set(
      entry,
      setTimeout(() => {
        this.#pausing.delete(entry);
        this.#waiting.push(entry);
        this.#next();
      }, pauseMs),
    );
  }

  #giveUp({ job }: Entry, error: unknown): void {
    this.#bytes -= job.bytes;
    job.failed(error);
  }

  #cut(): void {
    for (const entry of this.#waiting.splice(0)) this.#giveUp(entry, new Error("The service stops"));
    this.#abort.abort(new Error("The service stops"));
    this.#settle();
  }

  #settle(): void {
    if (this.size === 0) this.#stopping?.resolve();
  }
}
