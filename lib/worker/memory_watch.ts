/**
 * How the memory of a process compares to its limit. Pure: readings and time come in as values.
 *
 * @module
 */

import type { MemoryGrade } from "../spec/worker_messages.ts";

/** Above this part of the limit memory is high. */
const HIGH = 0.8;
/** It must stay there this long: a process that grows faster than that is soon over the limit, too late to drain. */
const HIGH_MS = 1000;
/** A reading is reported this often, and whenever the grade changes. */
const REPORT_MS = 1000;

/** Grades readings of memory, and selects those to report. */
export class MemoryWatch {
  readonly #limitBytes: number;
  #grade: MemoryGrade = "ok";
  #highSinceMs: number | undefined;
  #reportedMs = -Infinity;

  /** @param limitBytes 0 for no limit. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes a reading. Returns its grade if it is to be reported. */
  take(bytes: number, nowMs: number): MemoryGrade | undefined {
    const before = this.#grade;
    this.#grade = this.#gradeOf(bytes, nowMs);
    if (this.#grade === before && nowMs - this.#reportedMs < REPORT_MS) return undefined;
    this.#reportedMs = nowMs;
    return this.#grade;
  }

  #gradeOf(bytes: number, nowMs: number): MemoryGrade {
    if (this.#limitBytes === 0) return "ok";
    if (bytes > this.#limitBytes) return "over";
    if (bytes <= this.#limitBytes * HIGH) {
      this.#highSinceMs = undefined;
      return "ok";
    }
    this.#highSinceMs ??= nowMs;
    return nowMs - this.#highSinceMs >= HIGH_MS ? "high" : "ok";
  }
}
