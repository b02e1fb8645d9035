/**
 * What is logged of starts, restarts and reloads.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import { serverLog, serviceLog } from "../log/log.ts";
import type { ReloadPlan } from "./reload_plan.ts";
import type { ServiceProblem } from "./supervisor_error.ts";

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
export function logReloaded({ added, removed, replaced, restartNeeded }: ReloadPlan): void {
  for (const setting of restartNeeded) {
    serverLog().warning("{setting} changed: it takes effect when the server is started again", { setting });
  }
  const services = plural(replaced.length, "service");
  serverLog().info(`Reloaded: {replaced} ${services} replaced, {added} added, {removed} removed`, {
    replaced: replaced.length,
    added: added.length,
    removed: removed.length,
  });
}

/** Logs that a configuration cannot be read, one line per problem. */
export function logUnreadable({ message }: Error): void {
  logProblems("reload", []);
  for (const line of message.split("\n")) serverLog().error("{line}", { line });
}

/** Logs what failed and why, one line per problem. */
export function logProblems(what: string, problems: readonly ServiceProblem[]): void {
  serverLog().error("Cannot {what}; nothing has changed", { what });
  for (const { service, error } of problems) {
    serviceLog(service).error("{problem}", { problem: error.message, error });
  }
}
