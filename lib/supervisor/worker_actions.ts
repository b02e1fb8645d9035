/**
 * The webhooks and programs that one worker asks for. No I/O of its own.
 *
 * @module
 */

import { DEFAULT_QUEUE } from "../hooks/action_queue.ts";
import type { ActionRequest, RunAction } from "../hooks/action_request.ts";
import { isServerAction } from "../hooks/action_request.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";

/** Bounds how many actions of one worker are under way. */
export class WorkerActions {
  readonly #run: RunAction | undefined;
  /** No instance that keeps to its own limits asks for more at once. */
  readonly #most: number;
  #underWay = 0;

  constructor(spec: WorkerSpec, run: RunAction | undefined) {
    this.#run = run;
    this.#most = mostOf(spec);
  }

  /** Runs an action; returns false if too many are under way. */
  run(request: ActionRequest, over: () => void): boolean {
    if (this.#underWay >= this.#most) return false;
    this.#underWay++;
    this.#run?.(request).then(() => {
      this.#underWay--;
      over();
    });
    return true;
  }
}

/** How many actions of rules an instance may have under way, those of all processes of its pool together. */
function mostOf({ hooks, pool }: WorkerSpec): number {
  const actions = hooks?.sources.flatMap((source) => "rule" in source ? source.rule.then : [])
    .filter(isServerAction).length ?? 0;
  return actions * DEFAULT_QUEUE.maxJobs * (pool?.size ?? 1);
}
