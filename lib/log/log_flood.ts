/**
 * What keeps the log of a worker from drowning the isolate that writes it: records that are the same are folded, and of
 * those that differ so many of a kind pass in a second. What is dropped is told. Pure: goes by the records' own time.
 *
 * @module
 */

import type { LogLevel } from "../contract/log_level.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import { isOpen, Repeats, type RepeatsOptions } from "./repeated_lines.ts";

/** How a flood is known. */
export interface FloodOptions extends RepeatsOptions {
  /**
   * So many records of one kind (category and message template) pass in one window; 0 for any, and none is folded.
   *
   * @default {DEFAULT_FLOOD}
   */
  limit?: number;
  /**
   * So many kinds are told apart; the others are taken for one.
   *
   * @default {100}
   */
  maxKinds?: number;
}

/** So many lines of one kind a worker writes in a second, unless the configuration says otherwise. */
export const DEFAULT_FLOOD = 5000;

/** The most of a template that is shown. */
const MAX_SHOWN = 200;
/** From the least grave on. */
const GRAVER: readonly LogLevel[] = ["warning", "error", "fatal"];

interface Kind {
  template: string;
  untilMs: number;
  passed: number;
  dropped: number;
  /** How grave what is told of it is: as the gravest that was dropped, so that it is written where that would be. */
  level: LogLevel;
  last: LogRecord | undefined;
}

/** Lets records through until there are too many; then tells how many more there were. */
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

  /** Answers the records to write in place of this one: none if it is folded or dropped. */
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
    if (GRAVER.indexOf(record.level) > GRAVER.indexOf(kind.level)) kind.level = record.level;
    return over;
  }

  /** Ends the windows that are over; answers what they have to tell. */
  sweep(nowMs: number): LogRecord[] {
    const told = this.#repeats.sweep(nowMs);
    for (const [key, kind] of this.#kinds) {
      // They stand in the order in which they began.
      if (isOpen(kind.untilMs, this.#windowMs, nowMs)) break;
      this.#kinds.delete(key);
      if (kind.last !== undefined) told.push(this.#loss(kind, kind.last, key === ""));
    }
    return told;
  }

  /** Whether something is folded or dropped that has not been told. */
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
    const what = isVarious ? `of various kinds, the last one ${shown}` : `of ${shown}`;
    return {
      level,
      category,
      message:
        `${dropped} lines were dropped ${what}: more than ${this.#limit} within ${this.#windowMs} ms, ` +
        `see log.flood`,
      properties: { dropped, ...(isVarious ? {} : { template: template.slice(0, MAX_SHOWN) }) },
      timestamp,
    };
  }
}
