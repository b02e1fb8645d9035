/**
 * The log of a worker: LogTape with one sink that posts batches of records to the supervisor, the only writer.
 *
 * @module
 */

import { configureSync, type LogRecord as TapeRecord } from "@logtape/logtape";
import { FloodGate, type FloodOptions } from "./log_flood.ts";
import { isErrorRecord } from "../base/error_record.ts";
import { lengthOf, templateOf, toLogRecord } from "./log_record.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { adviseInConfiguration, adviseInRecord } from "../spec/permission_advice.ts";

/** A batch is posted after this long, */
const BATCH_MS = 20;
/** or once it has this many records, */
const BATCH_RECORDS = 200;
/** or this many UTF-16 units. */
const BATCH_LENGTH = 1024 ** 2;

/** Collects records into batches, with floods limited. */
export class LogRelay {
  readonly #post: (records: LogRecord[]) => void;
  readonly #gate: FloodGate;
  #batch: LogRecord[] = [];
  #length = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: (records: LogRecord[]) => void, options: FloodOptions = {}) {
    this.#post = post;
    this.#gate = new FloodGate(options);
  }

  /** Takes a record. */
  readonly sink: (record: TapeRecord) => void = (record) => {
    for (const passed of this.#gate.pass(advised(toLogRecord(record)), templateOf(record))) {
      this.#batch.push(passed);
      this.#length += lengthOf(passed);
    }
    if (this.#batch.length >= BATCH_RECORDS || this.#length >= BATCH_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
  };

  /** Posts the batch. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#batch.push(...this.#gate.sweep(Date.now()));
    if (this.#batch.length > 0) this.#post(this.#batch);
    this.#batch = [];
    this.#length = 0;
    if (this.#gate.pending) this.#timer = setTimeout(() => this.flush(), 10 * BATCH_MS);
  }

  /** Posts everything, with the counts of unfinished floods, and sets no more timers. */
  close(): void {
    this.#batch.push(...this.#gate.sweep(Infinity));
    this.flush();
  }
}

/** Replaces Deno's advice on missing permissions by how the configuration grants them. */
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

/** The part of a worker's specification that its log uses. */
export interface RelaySpec {
  /** The lowest level that is posted. */
  logLevel: LogLevel;
  /** How many lines of one kind pass in a second; 0 for no limit. @default {DEFAULT_FLOOD} */
  logFlood?: number;
}

/** Makes a relay the only sink of this isolate's log. */
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
