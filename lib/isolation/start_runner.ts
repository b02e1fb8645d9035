/**
 * The choice of a runner for a worker.
 *
 * @module
 */

import { spawnPool } from "./pool_runner.ts";
import { spawnProcess } from "./process_runner.ts";
import { spawnIsolate } from "./worker_runner.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Runner, RunnerEvents } from "./runner.ts";

/** Starts a worker by the isolation of its specification. */
export function spawnRunner(events: RunnerEvents, spec: WorkerSpec): Runner {
  switch (spec.isolation) {
    case "process":
      return spawnProcess(events, spec);
    case "worker":
      return spawnIsolate(events, spec);
    case "connection":
      return spawnPool(events, spec);
    default:
      return spec.isolation satisfies never;
  }
}
