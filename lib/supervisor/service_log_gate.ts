/**
 * The log of one service: so many lines of a kind in a second, of all its instances and generations together.
 *
 * Each instance limits what it sends in the same way, so that a flood costs little here.
 *
 * @module
 */

import { FloodGate } from "../log/log_flood.ts";
import { emitRecords } from "../log/log_record.ts";
import type { LogRecord } from "../spec/log_spec.ts";

/** How often it is looked whether a flood is over, and how long a line may be under way. */
const SWEEP_MS = 200;

/** Writes the lines of a service. */
export class ServiceLogGate {
  readonly #service: string;
  #limit: number | undefined;
  #gate: FloodGate;
  /** The time up to which it has counted. */
  #latest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param limit How many lines of a kind pass in a second; 0 for no limit. @default {that of a worker} */
  constructor(service: string, limit: number | undefined) {
    this.#service = service;
    this.#limit = limit;
    this.#gate = gateOf(limit);
  }

  /** Another limit holds from now on, if it is another. */
  set limit(limit: number | undefined) {
    if (limit === this.#limit) return;
    this.#write(this.#gate.sweep(Infinity));
    this.#limit = limit;
    this.#gate = gateOf(limit);
  }

  /** Writes records that have just arrived. */
  write(records: readonly LogRecord[]): void {
    const now = Date.now();
    for (const record of records) {
      // By the time at which it was logged, as its instance counts; but it never goes back, nor ahead.
      this.#latest = Math.max(this.#latest, Math.min(record.timestamp, now));
      const timed = { ...record, timestamp: this.#latest };
      this.#write(this.#gate.pass(timed, record.template ?? record.message));
    }
    this.#watch();
  }

  /** Writes the summaries of what is not over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write(this.#gate.sweep(Infinity));
  }

  #watch(): void {
    if (this.#timer !== undefined || !this.#gate.pending) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#latest = Math.max(this.#latest, Date.now() - SWEEP_MS);
      this.#write(this.#gate.sweep(this.#latest));
      this.#watch();
    }, SWEEP_MS);
  }

  #write(records: readonly LogRecord[]): void {
    emitRecords(records, { service: this.#service, timestamp: Date.now() });
  }
}

function gateOf(limit: number | undefined): FloodGate {
  return new FloodGate({ ...(limit === undefined ? {} : { limit }), folds: false, maxLength: Infinity });
}
