/**
 * Limits the log of a worker: equal records are folded, and only so many records of a kind pass in a second. What is
 * dropped is counted and logged. Pure: uses the records' own time.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { isOpen, Repeats, type RepeatsOptions } from "./repeated_lines.ts";

/** What counts as a flood. */
export interface FloodOptions extends RepeatsOptions {
  /**
   * How many records of one kind (category and message template) pass in one window; 0 for no limit and no folding.
   *
   * @default {DEFAULT_FLOOD}
   */
  limit?: number;
  /**
   * How many kinds are distinguished; all others count as one.
   *
   * @default {100}
   */
  maxKinds?: number;
}

/** How many lines of one kind a worker writes in a second by default. */
export const DEFAULT_FLOOD = 5000;

/** A template is shown up to this length. */
const MAX_SHOWN = 200;
/** In order of severity. */
const SEVERITY: readonly LogLevel[] = ["warning", "error", "fatal"];

interface Kind {
  template: string;
  untilMs: number;
  passed: number;
  dropped: number;
  /** The level of the summary: the highest level that was dropped, so that the summary is written where that would be. */
  level: LogLevel;
  last: LogRecord | undefined;
}

/** Lets records through up to the limit, then counts them and logs the count. */
export class FloodGate {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxKinds: number;
  readonly #repeats: Repeats;
  readonly #kinds: Map<string, Kind> = new Map();

  constructor(options: FloodOptions = {}) {
    this.#limit = options.limit ?? DEFAULT_FLOOD;
    this.#windowMs = options.windowMs ?? 1000;
    this.#maxKinds = options.maxKinds ?? 100;
    this.#repeats = new Repeats(options);
  }

  /** Returns the records to write in place of this one: none if it is folded or dropped. */
  pass(record: LogRecord, template: string): LogRecord[] {
    if (this.#limit === 0) return [record];
    const over = this.sweep(record.timestamp);
    if (!this.#repeats.pass(record)) return over;
    const kind = this.#kindOf(record, template);
    if (kind.passed < this.#limit) {
      kind.passed++;
      return [...over, record];
    }
    kind.dropped++;
    kind.last = record;
    if (SEVERITY.indexOf(record.level) > SEVERITY.indexOf(kind.level)) kind.level = record.level;
    return over;
  }

  /** Closes windows that are over; returns their summaries. */
  sweep(nowMs: number): LogRecord[] {
    const summaries = this.#repeats.sweep(nowMs);
    for (const [key, kind] of this.#kinds) {
      // In order of their start.
      if (isOpen(kind.untilMs, this.#windowMs, nowMs)) break;
      this.#kinds.delete(key);
      if (kind.last !== undefined) summaries.push(this.#loss(kind, kind.last, key === ""));
    }
    return summaries;
  }

  /** Whether anything folded or dropped has no summary yet. */
  get pending(): boolean {
    return this.#repeats.pending || this.#kinds.values().some(({ dropped }) => dropped > 0);
  }

  #kindOf({ category, timestamp }: LogRecord, template: string): Kind {
    const own = JSON.stringify([category, template]);
    const key = this.#kinds.has(own) || this.#kinds.size < this.#maxKinds ? own : "";
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      kind = {
        template,
        untilMs: timestamp + this.#windowMs,
        passed: 0,
        dropped: 0,
        level: "warning",
        last: undefined,
      };
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  #loss({ template, dropped, level }: Kind, last: LogRecord, isVarious: boolean): LogRecord {
    const { category, timestamp, message } = last;
    const shown = JSON.stringify((isVarious ? message : template).slice(0, MAX_SHOWN));
    const what = isVarious ? `of several kinds, the last one ${shown}` : `of ${shown}`;
    return {
      level,
      category,
      message: `${dropped} ${plural(dropped, "line")} dropped ${what}: more than ${this.#limit} within ` +
        `${this.#windowMs} ms (log.flood)`,
      properties: { dropped, ...(isVarious ? {} : { template: template.slice(0, MAX_SHOWN) }) },
      timestamp,
    };
  }
}
