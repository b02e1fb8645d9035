/**
 * The log of a worker: LogTape with one sink that posts batches of records to the supervisor, the only writer.
 *
 * @module
 */

import { configureSync, type LogRecord as TapeRecord } from "@logtape/logtape";
import { FloodGate, type FloodOptions } from "./log_flood.ts";
import { isErrorRecord } from "../base/error_record.ts";
import { toLogRecord } from "./log_record.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { adviseInConfiguration, adviseInRecord } from "../spec/permission_advice.ts";

/** A batch leaves after so long, */
const BATCH_MS = 20;
/** or as soon as it has so many records. */
const BATCH_RECORDS = 200;

/** Gathers records into batches, floods kept out. */
export class LogRelay {
  readonly #post: (records: LogRecord[]) => void;
  readonly #gate: FloodGate;
  #batch: LogRecord[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: (records: LogRecord[]) => void, options: FloodOptions = {}) {
    this.#post = post;
    this.#gate = new FloodGate(options);
  }

  /** Takes a record. */
  readonly sink: (record: TapeRecord) => void = (record) => {
    const { rawMessage } = record;
    const template = typeof rawMessage === "string" ? rawMessage : rawMessage.join("{}");
    this.#batch.push(...this.#gate.pass(advised(toLogRecord(record)), template));
    if (this.#batch.length >= BATCH_RECORDS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
  };

  /** Posts what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#batch.push(...this.#gate.sweep(Date.now()));
    if (this.#batch.length > 0) this.#post(this.#batch);
    this.#batch = [];
    if (this.#gate.pending) this.#timer = setTimeout(() => this.flush(), 10 * BATCH_MS);
  }

  /** Posts everything, the counts of unfinished floods too, and waits for nothing more. */
  close(): void {
    this.#batch.push(...this.#gate.sweep(Infinity));
    this.flush();
  }
}

/** What a worker is not permitted, the configuration can permit: that is said wherever Deno's own advice stands. */
function advised(record: LogRecord): LogRecord {
  const { message, properties } = record;
  return {
    ...record,
    message: adviseInConfiguration(message),
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, advisedValue(value)]),
    ),
  };
}

function advisedValue(value: unknown): unknown {
  if (typeof value === "string") return adviseInConfiguration(value);
  return isErrorRecord(value) ? adviseInRecord(value) : value;
}

/** What of a worker's spec its log goes by. */
export interface RelaySpec {
  /** The lowest level that is posted. */
  logLevel: LogLevel;
  /** So many lines of one kind pass in a second; 0 for any. @default {DEFAULT_FLOOD} */
  logFlood?: number;
}

/** Makes a relay the log of this isolate. */
export function relayLogs(
  { logLevel, logFlood }: RelaySpec,
  post: (records: LogRecord[]) => void,
): LogRelay {
  const relay = new LogRelay(post, logFlood === undefined ? {} : { limit: logFlood });
  configureSync({
    reset: true,
    sinks: { supervisor: relay.sink },
    loggers: [
      { category: [], sinks: ["supervisor"], lowestLevel: logLevel },
      { category: ["logtape", "meta"], lowestLevel: "warning" },
    ],
  });
  return relay;
}
