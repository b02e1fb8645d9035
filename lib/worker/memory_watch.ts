/**
 * How much memory a process takes, seen from within. Pure: readings and time come in as values.
 *
 * @module
 */

import type { MemoryGrade } from "../spec/worker_messages.ts";

/** From this part of the limit on memory is high. */
const HIGH = 0.8;
/** It must stay there so long: what grows faster than that is not to be drained but soon over the limit. */
const HIGH_MS = 1000;
/** A reading is told this often, and whenever the grade changes. */
const REPORT_MS = 1000;

/** Grades readings of memory, and chooses those that are worth telling. */
export class MemoryWatch {
  readonly #limitBytes: number;
  #grade: MemoryGrade = "ok";
  #highSinceMs: number | undefined;
  #toldMs = -Infinity;

  /** @param limitBytes 0 sets no limit. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes a reading. Answers its grade if it is to be told. */
  take(bytes: number, nowMs: number): MemoryGrade | undefined {
    const before = this.#grade;
    this.#grade = this.#gradeOf(bytes, nowMs);
    if (this.#grade === before && nowMs - this.#toldMs < REPORT_MS) return undefined;
    this.#toldMs = nowMs;
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
