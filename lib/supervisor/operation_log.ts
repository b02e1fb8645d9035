/**
 * What is logged of starts, restarts and reloads.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import { serverLog, serviceLog } from "../log/log.ts";
import type { ReloadPlan } from "./reload_plan.ts";
import {
  ProblemsError,
  type ServiceProblem,
  SupervisorStateError,
  UnknownServiceError,
} from "./supervisor_error.ts";
import { ConfigError } from "../config/problem.ts";

/** Takes how many services have loaded, of how many. */
export type Progress = (loaded: number, all: number) => void;

/** The least time between two reports of progress. */
const PROGRESS_MS = 1_000;

/** Reports progress about once a second, and nothing of what is over before. */
export function atIntervals(progress: Progress): Progress {
  let reportedMs = performance.now();
  return (loaded, all) => {
    const nowMs = performance.now();
    if (loaded === all || nowMs - reportedMs < PROGRESS_MS) return;
    reportedMs = nowMs;
    progress(loaded, all);
  };
}

/** Logs how far a reload is. */
export function logProgress(loaded: number, all: number): void {
  serverLog().info("Reloading: {loaded} of {all} services loaded", { loaded, all });
}

/** Logs what a reload has changed, and what it could not. */
export function logReloaded({ added, removed, replaced, unchanged, held, restartNeeded }: ReloadPlan): void {
  for (const setting of restartNeeded) {
    serverLog().warning("{setting} changed: it takes effect when the server is started again", { setting });
  }
  const services = plural(replaced.length, "service");
  serverLog().info(
    `Reloaded: {replaced} ${services} replaced, {added} added, {removed} removed, {left} left alone`,
    {
      replaced: replaced.length,
      added: added.length,
      removed: removed.length,
      left: unchanged.length + held.length,
    },
  );
}

/** Logs that a service has changed and goes on as it is. */
export function logHeld(service: string): void {
  serviceLog(service).warning(
    "Changed, and left as it is because of reload: false; restart it by name to apply the change",
  );
}

/** Logs that a configuration cannot be read, one line per problem. */
export function logUnreadable({ message }: Error): void {
  logProblems("reload", []);
  for (const line of message.split("\n")) serverLog().error("{line}", { line });
}

/** The errors that are logged, or answered, where they are found. */
const FORESEEN = [ConfigError, ProblemsError, SupervisorStateError, UnknownServiceError];

/** Logs any other error: a signal that asked for what has failed hears no answer. */
export function logUnforeseen(error: unknown): void {
  if (FORESEEN.some((kind) => error instanceof kind)) return;
  serverLog().error("Unexpected error, everything runs on as before: {error}", { error });
}

/** Logs what failed and why, one line per problem. */
export function logProblems(what: string, problems: readonly ServiceProblem[]): void {
  serverLog().error("Cannot {what}; nothing has changed", { what });
  for (const { service, error } of problems) {
    serviceLog(service).error("{problem}", { problem: error.message, error });
  }
}
