/**
 * What is counted of one slot over all its workers. No I/O.
 *
 * @module
 */

import { createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";

/** The counters of one slot. */
export class SlotCounters {
  /** How often a worker failed after it had begun to serve. */
  crashes = 0;
  /** How often a worker was replaced after that. */
  restarts = 0;
  /** The counters of the workers before the present one. */
  #past: ServiceStats = createStats();

  /** Adds the counters of a worker that has been terminated. */
  add(stats: ServiceStats): void {
    this.#past = mergeStats([this.#past, stats]);
  }

  /** The sum, with the counters of the present worker if there is one. */
  sum(present: ServiceStats | undefined): ServiceStats {
    return mergeStats(present ? [this.#past, present] : [this.#past]);
  }
}
