/**
 * Counts the messages that are dropped, and reports them now and then. No I/O.
 *
 * @module
 */

/** What is dropped: published messages that a worker does not read, or messages of one that sends too many. */
export type Dropped = "delivered" | "sent";

/** How often dropped messages are reported. */
const REPORT_MS = 10_000;

/** The dropped messages of one worker. */
export class DropCounter {
  readonly #report: (what: Dropped, count: number) => void;
  readonly #unreported: Record<Dropped, { count: number; reportedMs: number }> = {
    delivered: { count: 0, reportedMs: -Infinity },
    sent: { count: 0, reportedMs: -Infinity },
  };
  /** All that were dropped. */
  total = 0;

  /** @param report Called with how many were dropped since the last call. */
  constructor(report: (what: Dropped, count: number) => void) {
    this.#report = report;
  }

  add(what: Dropped, count: number, nowMs: number): void {
    const drops = this.#unreported[what];
    this.total += count;
    drops.count += count;
    if (nowMs - drops.reportedMs < REPORT_MS) return;
    this.#report(what, drops.count);
    drops.count = 0;
    drops.reportedMs = nowMs;
  }
}
