/**
 * What runs a worker, seen from the supervisor: something that takes messages and can be terminated. It is an isolate or
 * a process; anything that carries the messages of worker_messages.ts will do.
 *
 * @module
 */

import type { ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";

/** One running worker. */
export interface Runner {
  /** The id of the process it runs in. */
  readonly pid: number;
  /** Settles once nothing of it runs, as far as can be known. */
  readonly ended: Promise<void>;
  /** How many bytes of messages wait for it in this process, where that can be known. */
  readonly queuedBytes: number;
  /** Sends a message; does nothing once the worker is gone. */
  post(message: ToWorker): void;
  /** Ends the worker at once. No event comes after this. */
  terminate(): void;
}

/** What a runner reports. */
export interface RunnerEvents {
  /** What it sent, unchecked: the service's code may have sent it. */
  message(value: unknown): void;
  /** It sent something that is no message at all. */
  badMessage(what: string): void;
  /** The worker is unusable: an uncaught error, or its end. */
  failed(error: unknown): void;
}

/** Starts a worker. The specification serves to choose and name it; the worker itself gets it by `load`. */
export type Spawn = (events: RunnerEvents, spec: WorkerSpec) => Runner;
