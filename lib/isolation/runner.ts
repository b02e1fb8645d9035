/**
 * What a slot runs, seen from the supervisor: something that takes messages and can be ended. It is an isolate or a
 * process; anything that carries the messages of messages.ts will do.
 *
 * @module
 */

import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";

/** One running worker. */
export interface Runner {
  /** The process it runs in. */
  readonly pid: number;
  /** Settles once nothing of it is left, as far as can be known. */
  readonly ended: Promise<void>;
  /** Sends a message; does nothing once the worker is gone. */
  post(message: ToWorker): void;
  /** Ends the worker without asking it. No event comes after this. */
  terminate(): void;
}

/** What a worker tells. */
export interface RunnerEvents {
  message(message: FromWorker): void;
  /** The worker is of no more use: an error that nobody caught, or its end. */
  failed(error: unknown): void;
}

/** Starts a worker. The specification is for choosing and naming it; the worker itself is sent it by `load`. */
export type Spawn = (events: RunnerEvents, spec: WorkerSpec) => Runner;
