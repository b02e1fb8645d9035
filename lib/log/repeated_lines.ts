/**
 * Folds log records that are the same to the letter, so that one that comes over and over does not drown the others.
 * Nothing is lost by it but their times. Pure: goes by the records' own time.
 *
 * @module
 */

import type { LogRecord } from "../spec/log_spec.ts";

/** How repeats are folded. */
export interface RepeatsOptions {
  /**
   * So many of the same pass in one window.
   *
   * @default {20}
   */
  same?: number;
  /** @default {1000} */
  windowMs?: number;
  /**
   * So many different ones are remembered; the others pass as they come.
   *
   * @default {500}
   */
  maxLines?: number;
}

/** What is longer, all its values together, is not remembered. */
const MAX_KEY_LENGTH = 4096;

/** Whether a window is not over. One that lies ahead is: the clock has been set back. */
export function isOpen(untilMs: number, windowMs: number, nowMs: number): boolean {
  return nowMs < untilMs && nowMs >= untilMs - windowMs;
}

interface Line {
  untilMs: number;
  passed: number;
  folded: number;
  last: LogRecord;
}

/** Lets a record through until it has come too often; then tells how many more of it there were. */
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

  /** Whether this record is to be written; if not, it is counted. First, {@linkcode sweep} what is over. */
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

  /** Ends the windows that are over; answers what they have to tell. */
  sweep(nowMs: number): LogRecord[] {
    const told: LogRecord[] = [];
    for (const [key, { untilMs, folded, last }] of this.#lines) {
      // They stand in the order in which they began.
      if (isOpen(untilMs, this.#windowMs, nowMs)) break;
      this.#lines.delete(key);
      if (folded === 0) continue;
      told.push({
        ...last,
        message: `${last.message} ... repeated ${folded} times`,
        properties: { ...last.properties, repeated: folded },
      });
    }
    return told;
  }

  /** Whether something is folded that has not been told. */
  get pending(): boolean {
    return this.#lines.values().some((line) => line.folded > 0);
  }
}
