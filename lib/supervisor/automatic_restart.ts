/**
 * Restarts that nobody at the command line asks for: a service's process wants it, or takes nearly too much memory.
 *
 * @module
 */

import { serviceLog } from "../log/log.ts";
import type { RestartReason } from "./worker_link.ts";

const REASONS: Readonly<Record<RestartReason, string>> = {
  memory: "its memory is near its limit",
  signal: "its process got the signal HUP",
};

/** What restarts services of the server's own accord. */
export class AutomaticRestart {
  readonly #restart: (service: string) => Promise<void>;
  readonly #pauseMs: number;
  /** Services whose restart is under way. */
  readonly #underWay: Set<string> = new Set();
  /** When services were last restarted because of their memory, in milliseconds since the epoch. */
  readonly #forMemory: Map<string, number> = new Map();

  /** @param pauseMs The least time from one restart for memory's sake to the next. */
  constructor(restart: (service: string) => Promise<void>, pauseMs: number) {
    this.#restart = restart;
    this.#pauseMs = pauseMs;
  }

  /** Restarts a service, unless that is under way or was so just now. */
  want(service: string, why: RestartReason): void {
    if (this.#underWay.has(service)) return;
    if (why === "memory") {
      const since = Date.now() - (this.#forMemory.get(service) ?? -Infinity);
      if (since < this.#pauseMs) return;
      this.#forMemory.set(service, Date.now());
    }
    serviceLog(service).info("Restarts: {reason}", { reason: REASONS[why] });
    this.#underWay.add(service);
    // What goes wrong stands in the log.
    this.#restart(service).catch(() => {}).finally(() => this.#underWay.delete(service));
  }
}
