/**
 * Limits the log of a worker: equal records are folded, and only so many records of a kind pass in a second. What is
 * dropped is counted and logged. Pure: uses the records' own time.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { RateWindow } from "../spec/rate_window.ts";
import { lengthOf } from "./log_record.ts";
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
   * How much of all kinds passes in one window, in UTF-16 units; without effect if `limit` is 0.
   *
   * @default {DEFAULT_FLOOD_LENGTH}
   */
  maxLength?: number;
  /**
   * Whether equal records are folded.
   *
   * @default {true}
   */
  folds?: boolean;
  /**
   * How many kinds are distinguished; all others count as one.
   *
   * @default {100}
   */
  maxKinds?: number;
}

/** How many lines of one kind a worker writes in a second by default. */
export const DEFAULT_FLOOD = 5000;

/** How much a worker logs in a second by default, all kinds together, in UTF-16 units. */
export const DEFAULT_FLOOD_LENGTH: number = 2 * 1024 ** 2;

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
  readonly #folds: boolean;
  readonly #kinds: Map<string, Kind> = new Map();
  readonly #maxLength: number;
  readonly #length: RateWindow;
  /** What was dropped because of its length, of all kinds together. */
  #long: Kind | undefined;

  constructor(options: FloodOptions = {}) {
    this.#limit = options.limit ?? DEFAULT_FLOOD;
    this.#windowMs = options.windowMs ?? 1000;
    this.#maxKinds = options.maxKinds ?? 100;
    this.#maxLength = options.maxLength ?? DEFAULT_FLOOD_LENGTH;
    this.#length = new RateWindow(this.#maxLength, this.#windowMs);
    this.#repeats = new Repeats(options);
    this.#folds = options.folds ?? true;
  }

  /** Returns the records to write in place of this one: none if it is folded or dropped. */
  pass(record: LogRecord, template: string): LogRecord[] {
    if (this.#limit === 0) return [record];
    const over = this.sweep(record.timestamp);
    if (this.#folds && !this.#repeats.pass(record)) return over;
    const kind = this.#kindOf(record, template);
    if (kind.passed >= this.#limit) {
      drop(kind, record);
      return over;
    }
    if (!this.#length.take(lengthOf(record), record.timestamp)) {
      drop(this.#long ??= newKind("", record.timestamp + this.#windowMs), record);
      return over;
    }
    kind.passed++;
    return [...over, record];
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
    if (this.#long?.last !== undefined && !isOpen(this.#long.untilMs, this.#windowMs, nowMs)) {
      summaries.push(this.#tooLong(this.#long, this.#long.last));
      this.#long = undefined;
    }
    return summaries;
  }

  /** Whether anything folded or dropped has no summary yet. */
  get pending(): boolean {
    return this.#long !== undefined || this.#repeats.pending ||
      this.#kinds.values().some(({ dropped }) => dropped > 0);
  }

  #kindOf({ category, timestamp }: LogRecord, template: string): Kind {
    const own = JSON.stringify([category, template]);
    const key = this.#kinds.has(own) || this.#kinds.size < this.#maxKinds ? own : "";
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      kind = newKind(template, timestamp + this.#windowMs);
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  #loss({ template, dropped, level }: Kind, last: LogRecord, isVarious: boolean): LogRecord {
    const shown = JSON.stringify((isVarious ? last.message : template).slice(0, MAX_SHOWN));
    const what = isVarious ? `of several kinds, the last one ${shown}` : `of ${shown}`;
    return {
      level,
      category: last.category,
      message: `${dropped} ${plural(dropped, "line")} dropped ${what}: more than ${this.#limit} within ` +
        `${this.#windowMs} ms (log.flood)`,
      properties: { dropped, ...(isVarious ? {} : { template: template.slice(0, MAX_SHOWN) }) },
      timestamp: last.timestamp,
    };
  }

  #tooLong({ dropped, level }: Kind, last: LogRecord): LogRecord {
    const shown = JSON.stringify(last.message.slice(0, MAX_SHOWN));
    return {
      level,
      category: last.category,
      message: `${dropped} ${plural(dropped, "line")} dropped, the last one ${shown}: more than ` +
        `${this.#maxLength} characters within ${this.#windowMs} ms`,
      properties: { dropped },
      timestamp: last.timestamp,
    };
  }
}

function newKind(template: string, untilMs: number): Kind {
  return { template, untilMs, passed: 0, dropped: 0, level: "warning", last: undefined };
}

function drop(kind: Kind, record: LogRecord): void {
  kind.dropped++;
  kind.last = record;
  if (SEVERITY.indexOf(record.level) > SEVERITY.indexOf(kind.level)) kind.level = record.level;
}
