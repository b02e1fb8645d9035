/**
 * Folds identical log records, so that one repeated record does not drown the others. Nothing but their times is lost.
 * Pure: uses the records' own time.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import type { LogRecord } from "../spec/log_spec.ts";

/** How repeats are folded. */
export interface RepeatsOptions {
  /**
   * How many identical records pass in one window.
   *
   * @default {20}
   */
  same?: number;
  /** @default {1000} */
  windowMs?: number;
  /**
   * How many different records are remembered; all others pass.
   *
   * @default {500}
   */
  maxLines?: number;
}

/** A longer record, all its values together, is not remembered. */
const MAX_KEY_LENGTH = 4096;

/** Whether a window is open. One that begins in the future is not: the clock was set back. */
export function isOpen(untilMs: number, windowMs: number, nowMs: number): boolean {
  return nowMs < untilMs && nowMs >= untilMs - windowMs;
}

interface Line {
  untilMs: number;
  passed: number;
  folded: number;
  last: LogRecord;
}

/** Lets a record through until it repeats too often, then counts it and logs the count. */
export class Repeats {
  readonly #same: number;
  readonly #windowMs: number;
  readonly #maxLines: number;
  readonly #lines: Map<string, Line> = new Map();

  constructor(options: RepeatsOptions = {}) {
    this.#same = options.same ?? 20;
    this.#windowMs = options.windowMs ?? 1000;
    this.#maxLines = options.maxLines ?? 500;
  }

  /** Whether to write this record; if not, it is counted. Call {@linkcode sweep} first. */
  pass(record: LogRecord): boolean {
    const { level, category, message, properties, timestamp } = record;
    const key = JSON.stringify([level, category, message, properties]);
    const line = this.#lines.get(key);
    if (line === undefined) {
      if (this.#lines.size < this.#maxLines && key.length <= MAX_KEY_LENGTH) {
        this.#lines.set(key, { untilMs: timestamp + this.#windowMs, passed: 1, folded: 0, last: record });
      }
      return true;
    }
    line.last = record;
    if (line.passed < this.#same) {
      line.passed++;
      return true;
    }
    line.folded++;
    return false;
  }

  /** Closes windows that are over; returns their summaries. */
  sweep(nowMs: number): LogRecord[] {
    const summaries: LogRecord[] = [];
    for (const [key, { untilMs, folded, last }] of this.#lines) {
      // In order of their start.
      if (isOpen(untilMs, this.#windowMs, nowMs)) break;
      this.#lines.delete(key);
      if (folded === 0) continue;
      summaries.push({
        ...last,
        message: `${last.message} ... repeated ${folded} ${plural(folded, "time")}`,
        properties: { ...last.properties, repeated: folded },
      });
    }
    return summaries;
  }

  /** Whether anything folded has no summary yet. */
  get pending(): boolean {
    return this.#lines.values().some((line) => line.folded > 0);
  }
}
