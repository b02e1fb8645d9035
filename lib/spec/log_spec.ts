/**
 * What is logged and how, and a log record on its way between isolates.
 *
 * @module
 */

import type { LogLevel } from "../contract/log_level.ts";

/** A log record on its way to the supervisor, the only writer. */
export interface LogRecord {
  level: LogLevel;
  category: string[];
  message: string;
  properties: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

/** How log records are written. */
export type LogFormat = "pretty" | "json";

/** What is logged, how and where. */
export interface LogConfig {
  /** The lowest level that is written. */
  level: LogLevel;
  /** For people or for programs. */
  format: LogFormat;
  /** Absolute path; the standard error stream without. */
  file?: string;
  /** So many lines of one kind an instance may log in a second; 0 for any. @default {5000} */
  flood?: number;
}
