/**
 * The log lines about one instance.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Backoff } from "./backoff.ts";
import type { Fault } from "./fault.ts";
import { formatDuration } from "../base/units.ts";
import type { Timing } from "./timing.ts";

/** What the lines are made with. */
export interface SlotLogOptions {
  log: Logger;
  backoff: Backoff;
  timing: Timing;
}

/** Logs about one instance: each line names it. */
export class SlotLog {
  readonly #spec: WorkerSpec;
  readonly #options: SlotLogOptions;

  constructor(spec: WorkerSpec, options: SlotLogOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** Logs an event: a sentence without its subject. */
  event(level: "info" | "warning" | "error", what: string, properties: Record<string, unknown> = {}): void {
    const { generation, instance } = this.#spec;
    const text = `Instance {instance} of generation {generation} ${what}`;
    this.#options.log[level](text, { instance, generation, ...properties });
  }

  /** Logs a fault. */
  fault(level: "warning" | "error", { what, error }: Fault): void {
    this.event(level, "{what}", { what, error });
  }

  /**
   * Logs a crash, when the instance is restarted, and whether the service has failed by this crash.
   *
   * @param again.pauseMs The time until the restart, if there is one.
   * @param again.failedBefore Whether the service had failed already.
   */
  crash({ what, error }: Fault, again: { pauseMs: number | undefined; failedBefore: boolean }): void {
    const { log, backoff, timing } = this.#options;
    if (again.pauseMs === undefined) this.event("error", "{what}", { what, error });
    else {
      const pause = formatDuration(again.pauseMs);
      this.event("error", "{what}; restarting in {pause}", { what, pause, error });
    }
    if (again.failedBefore || !backoff.failed) return;
    log.error(
      "Service failed: {crashes} crashes within {window}; restarting every {pause} from now on",
      {
        crashes: timing.crashLimit,
        window: formatDuration(timing.crashWindowMs),
        pause: formatDuration(timing.failedRetryMs),
      },
    );
  }
}
