/**
 * Restarts that no operator asked for: a service's process received SIGHUP, or its memory is near its limit.
 *
 * @module
 */

import { serviceLog } from "../log/log.ts";

/** Why a service is restarted without an operator. */
export type RestartReason = "memory" | "signal";

/** How far apart automatic restarts of one service are, by their reason, in milliseconds. */
export type RestartPauses = Readonly<Record<RestartReason, number>>;

const REASONS: Readonly<Record<RestartReason, string>> = {
  memory: "memory near its limit",
  signal: "its process received SIGHUP",
};

/** The automatic restarts of one service. */
interface Automatic {
  /** When the latest one began, by `performance.now`. */
  latestMs: number;
  underWay: boolean;
  /** One that was asked for too soon after the latest. */
  later: ReturnType<typeof setTimeout> | undefined;
}

/** Restarts services without an operator. What asks for it may be the service's own code: it cannot do so all the time. */
export class AutomaticRestart {
  readonly #restart: (service: string) => Promise<void>;
  readonly #pauses: RestartPauses;
  readonly #services: Map<string, Automatic> = new Map();

  constructor(restart: (service: string) => Promise<void>, pauses: RestartPauses) {
    this.#restart = restart;
    this.#pauses = pauses;
  }

  /** Restarts a service, unless a restart is under way; if one was just now, a signal is heeded after a pause. */
  want(service: string, why: RestartReason): void {
    const state = this.#services.get(service) ?? { latestMs: -Infinity, underWay: false, later: undefined };
    this.#services.set(service, state);
    if (state.underWay || state.later !== undefined) return;
    const waitMs = state.latestMs + this.#pauses[why] - performance.now();
    if (waitMs <= 0) return this.#begin(service, state, why);
    if (why === "memory") return;
    state.later = setTimeout(() => {
      state.later = undefined;
      if (!state.underWay) this.#begin(service, state, why);
    }, waitMs);
  }

  /** Restarts nothing from now on. */
  stop(): void {
    for (const { later } of this.#services.values()) clearTimeout(later);
  }

  #begin(service: string, state: Automatic, why: RestartReason): void {
    state.latestMs = performance.now();
    state.underWay = true;
    serviceLog(service).info("Restarting: {reason}", { reason: REASONS[why] });
    // A failed restart is logged where it fails.
    this.#restart(service).catch(() => {}).finally(() => state.underWay = false);
  }
}
