/**
 * A bounded queue of background work, which tries a job several times.
 *
 * What can fail: a job (it is tried again after a pause that doubles, up to its number of retries), a job that hangs (its
 * signal is aborted after its time), too many or too large jobs (refused at once), the end of the service (jobs get a
 * moment more; then those that are not done fail).
 *
 * @module
 */

import PQueue from "p-queue";
import pRetry from "p-retry";

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
  /** Called with the last error if no attempt succeeds. */
  failed(error: unknown): void;
  /** Called once it is over, however it went. */
  ended?(): void;
}

/** The limits of a queue. */
export interface QueueOptions {
  /** The most jobs that wait or run. @default {1000} */
  maxJobs?: number;
  /** The most memory that they hold together. @default {16 MiB} */
  maxBytes?: number;
  /** The most jobs that run at once. @default {4} */
  concurrency?: number;
  /** The pause before the first retry; it doubles each time. @default {500} */
  backoffMs?: number;
  /** How long jobs may go on once the queue stops. @default {2000} */
  graceMs?: number;
}

/** A failure that another attempt would not change. */
export class PermanentError extends Error {
  /** The class. */
  override readonly name = "PermanentError";
}

/** The limits of a queue whose options set none. */
export const DEFAULT_QUEUE: Readonly<Required<QueueOptions>> = {
  maxJobs: 1_000,
  maxBytes: 16 * 1024 ** 2,
  concurrency: 4,
  backoffMs: 500,
  graceMs: 2_000,
};

/** Runs jobs in their order, some at a time. */
export class JobQueue {
  readonly #limits: Required<QueueOptions>;
  readonly #queue: PQueue;
  /** Ends pauses and retries. */
  readonly #stopping: AbortController = new AbortController();
  /** Ends jobs that run or wait. */
  readonly #cutting: AbortController = new AbortController();
  /** Settle with their jobs. */
  readonly #running: Set<Promise<void>> = new Set();
  #size = 0;
  #bytes = 0;

  /** Makes an empty queue. */
  constructor(options: QueueOptions = {}) {
    this.#limits = { ...DEFAULT_QUEUE, ...options };
    this.#queue = new PQueue({ concurrency: this.#limits.concurrency });
  }

  /** How many jobs wait, pause before a retry, or run. */
  get size(): number {
    return this.#size;
  }

  /** Whether a job would be refused now. */
  get full(): boolean {
    return this.#stopping.signal.aborted || this.#size >= this.#limits.maxJobs ||
      this.#bytes >= this.#limits.maxBytes;
  }

  /** Takes a job in, or returns false because there is no room. */
  add(job: Job): boolean {
    if (this.full) return false;
    this.#size++;
    this.#bytes += job.bytes;
    const done: Promise<void> = this.#run(job).finally(() => this.#running.delete(done));
    this.#running.add(done);
    return true;
  }

  /** Takes no more jobs, gives those it has a moment to finish, and ends the rest. */
  async stop(): Promise<void> {
    const reason = new Error("The service stops");
    this.#stopping.abort(reason);
    const timer = setTimeout(() => this.#cutting.abort(reason), this.#limits.graceMs);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }

  /** Tries a job until it succeeds or fails for good; never rejects. */
  async #run(job: Job): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
      // Before another job begins.
      this.#size--;
      this.#bytes -= job.bytes;
      job.ended?.();
    };
    const attempt = async () => {
      await this.#attempt(job);
      if (!isOver) end();
    };
    try {
      // Each attempt has its own place in the queue, so that a job that pauses leaves its place to another.
      await pRetry(() => this.#queue.add(attempt, { signal: this.#cutting.signal }), {
        retries: job.retries,
        minTimeout: this.#limits.backoffMs,
        randomize: true,
        shouldRetry: ({ error }) => !(error instanceof PermanentError),
        signal: this.#stopping.signal,
      });
    } catch (error) {
      // A job that was running may well succeed after the queue began to stop.
      if (isOver) return;
      end();
      job.failed(error);
    }
  }

  async #attempt({ run, timeoutMs }: Job): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs);
    try {
      await run(AbortSignal.any([this.#cutting.signal, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }
}
