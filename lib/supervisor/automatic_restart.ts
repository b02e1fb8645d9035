/**
 * Restarts that no operator asked for: a service's process received SIGHUP, or its memory is near its limit.
 *
 * @module
 */

import { serviceLog } from "../log/log.ts";
import type { RestartReason } from "./worker_link.ts";

const REASONS: Readonly<Record<RestartReason, string>> = {
  memory: "memory near its limit",
  signal: "its process received SIGHUP",
};

/** Restarts services without an operator. */
export class AutomaticRestart {
  readonly #restart: (service: string) => Promise<void>;
  readonly #pauseMs: number;
  /** Services whose restart is under way. */
  readonly #underWay: Set<string> = new Set();
  /** When services were last restarted because of their memory, in milliseconds since the epoch. */
  readonly #forMemory: Map<string, number> = new Map();

  /** @param pauseMs The least time between two restarts of a service because of memory. */
  constructor(restart: (service: string) => Promise<void>, pauseMs: number) {
    this.#restart = restart;
    this.#pauseMs = pauseMs;
  }

  /** Restarts a service, unless a restart is under way or was just now. */
  want(service: string, why: RestartReason): void {
    if (this.#underWay.has(service)) return;
    if (why === "memory") {
      const since = Date.now() - (this.#forMemory.get(service) ?? -Infinity);
      if (since < this.#pauseMs) return;
      this.#forMemory.set(service, Date.now());
    }
    serviceLog(service).info("Restarting: {reason}", { reason: REASONS[why] });
    this.#underWay.add(service);
    // A failed restart is logged where it fails.
    this.#restart(service).catch(() => {}).finally(() => this.#underWay.delete(service));
  }
}
