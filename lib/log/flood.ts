/**
 * Folds floods of log records, so that one that is written for each message does not drown the others. Pure: goes by
 * the records' own time.
 *
 * @module
 */

import type { LogRecord } from "../messages.ts";

/** How a flood is known. */
export interface FloodOptions {
  /**
   * So many records of one kind (category and message template) pass in one window.
   *
   * @default {20}
   */
  limit?: number;
  /** @default {1000} */
  windowMs?: number;
  /**
   * So many kinds are told apart; the others are taken for one.
   *
   * @default {100}
   */
  maxKinds?: number;
}

interface Kind {
  untilMs: number;
  passed: number;
  folded: number;
  last: LogRecord;
}

/** Lets records through until there are too many of a kind; then tells how many more there were. */
export class FloodGate {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxKinds: number;
  readonly #kinds: Map<string, Kind> = new Map();

  constructor(options: FloodOptions = {}) {
    this.#limit = options.limit ?? 20;
    this.#windowMs = options.windowMs ?? 1000;
    this.#maxKinds = options.maxKinds ?? 100;
  }

  /** Answers the records to write in place of this one: none if it is folded. */
  pass(record: LogRecord, template: string): LogRecord[] {
    const key = this.#keyOf(JSON.stringify([record.category, template]));
    const over = this.#close(key, record.timestamp);
    const kind = this.#kinds.get(key);
    if (!kind) {
      this.#kinds.set(key, {
        untilMs: record.timestamp + this.#windowMs,
        passed: 1,
        folded: 0,
        last: record,
      });
      return [...over, record];
    }
    kind.last = record;
    if (kind.passed < this.#limit) {
      kind.passed++;
      return [record];
    }
    kind.folded++;
    return [];
  }

  /** Ends the windows that are over; answers what they have to tell. */
  sweep(nowMs: number): LogRecord[] {
    return [...this.#kinds.keys()].flatMap((key) => this.#close(key, nowMs));
  }

  /** Whether something is folded that has not been told. */
  get pending(): boolean {
    return this.#kinds.values().some((kind) => kind.folded > 0);
  }

  #keyOf(key: string): string {
    return this.#kinds.has(key) || this.#kinds.size < this.#maxKinds ? key : "";
  }

  #close(key: string, nowMs: number): LogRecord[] {
    const kind = this.#kinds.get(key);
    if (!kind || nowMs < kind.untilMs) return [];
    this.#kinds.delete(key);
    const { folded, last } = kind;
    if (folded === 0) return [];
    const what = key === "" ? "various messages, the last one: " : "";
    return [{
      ...last,
      message: `${what}${last.message} ... repeated ${folded} times`,
      properties: { ...last.properties, repeated: folded },
    }];
  }
}
