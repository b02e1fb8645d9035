/**
 * What the owner of a worker, a slot or a place in a pool, hears of it.
 *
 * @module
 */

import type { FromWorker, MemoryGrade } from "../spec/worker_messages.ts";
import type { Dropped } from "./drop_counter.ts";

/** The messages of a worker about its own life. */
export type LifeMessage = Exclude<
  FromWorker,
  {
    type:
      | "pong"
      | "connections"
      | "want"
      | "returned"
      | "claim"
      | "act"
      | "publish"
      | "subscribe"
      | "unsubscribe"
      | "log"
      | "memory"
      | "restart_wanted";
  }
>;

/** What a worker's owner hears of it. */
export interface WorkerEvents {
  heard(message: LifeMessage): void;
  /** An uncaught error, or the end of the worker. */
  failed(error: unknown): void;
  /** It does not answer pings. Called at every interval. */
  silent(): void;
  /** It answered a ping. */
  answered(): void;
  /** How its memory compares to its limit. */
  memory(bytes: number, grade: MemoryGrade): void;
  /** It sent what no worker of ours sends: its service's code did. It is to be ended. */
  badMessage(what: string): void;
  /** Messages to it or from it were dropped, so many since the last call. Called at most every ten seconds. */
  dropped(what: Dropped, count: number): void;
}
