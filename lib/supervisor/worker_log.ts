/**
 * The log records of one worker, written in its service's name and bounded, whatever the worker sends.
 *
 * @module
 */

import { emitRecords, lengthOf } from "../log/log_record.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { RateWindow } from "../spec/rate_window.ts";
import type { ServiceLogGate } from "./service_log_gate.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";

/** At most so much is logged for one worker in a second, in UTF-16 units; what its own log would send is less. */
const MAX_LENGTH = 4 * 1024 ** 2;
/** The same for a process of a pool: it shares the log of its instance with the others. */
const MAX_LENGTH_OF_PROCESS = 256 * 1024;

/** Writes the records of one worker. */
export class WorkerLog {
  readonly #service: string;
  readonly #length: RateWindow;
  readonly #gate: ServiceLogGate | undefined;

  /** @param gate Limits the lines of the whole service. @default {none} */
  constructor({ service, logFlood, handoffSocket }: WorkerSpec, gate: ServiceLogGate | undefined) {
    this.#service = service;
    this.#gate = gate;
    if (gate !== undefined) gate.limit = logFlood;
    const most = handoffSocket === undefined ? MAX_LENGTH : MAX_LENGTH_OF_PROCESS;
    this.#length = new RateWindow(logFlood === 0 ? Infinity : most);
  }

  /** Writes what fits in this second; returns how many records do not. */
  write(records: readonly LogRecord[], nowMs: number): number {
    const fitting = records.filter((record) => this.#length.take(lengthOf(record), nowMs));
    if (this.#gate !== undefined) this.#gate.write(fitting);
    else emitRecords(fitting, { service: this.#service, timestamp: Date.now() });
    return records.length - fitting.length;
  }
}
