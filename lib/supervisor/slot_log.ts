/**
 * What is logged of one instance.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Backoff } from "./backoff.ts";
import type { Fault } from "./fault.ts";
import { describeDuration } from "./server_status.ts";
import type { Timing } from "./timing.ts";

/** What it is logged with. */
export interface SlotLogOptions {
  log: Logger;
  backoff: Backoff;
  timing: Timing;
}

/** The log of one instance: each line names it. */
export class SlotLog {
  readonly #spec: WorkerSpec;
  readonly #options: SlotLogOptions;

  constructor(spec: WorkerSpec, options: SlotLogOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** Says what the instance does: a sentence without its subject. */
  say(level: "info" | "warning" | "error", what: string, properties: Record<string, unknown> = {}): void {
    const { generation, instance } = this.#spec;
    const text = `Instance {instance} of generation {generation} ${what}`;
    this.#options.log[level](text, { instance, generation, ...properties });
  }

  /** Says what is wrong with it. */
  fault(level: "warning" | "error", { what, error }: Fault): void {
    this.say(level, "{what}", { what, error });
  }

  /**
   * Says that it has crashed, when it is tried again, and whether by this the service has failed.
   *
   * @param again.pauseMs The time until it is tried again, if it is.
   * @param again.failedBefore Whether the service had failed already.
   */
  crash({ what, error }: Fault, again: { pauseMs: number | undefined; failedBefore: boolean }): void {
    const { log, backoff, timing } = this.#options;
    if (again.pauseMs === undefined) this.say("error", "{what}", { what, error });
    else {
      const pause = describeDuration(again.pauseMs);
      this.say("error", "{what}; next try in {pause}", { what, pause, error });
    }
    if (again.failedBefore || !backoff.failed) return;
    log.error(
      "The service has failed: {crashes} crashes within {window}; from now on it is tried every {pause}",
      {
        crashes: timing.crashLimit,
        window: describeDuration(timing.crashWindowMs),
        pause: describeDuration(timing.failedRetryMs),
      },
    );
  }
}
