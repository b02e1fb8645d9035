/**
 * The configuration of the log, and a log record as it travels between isolates.
 *
 * @module
 */

import type { LogLevel } from "../contract/log_level.ts";

/** The first part of every category; that of a service is followed by its name. */
export const LOG_ROOT = "protohost";

/** A log record on its way to the supervisor, which writes it. */
export interface LogRecord {
  level: LogLevel;
  category: string[];
  message: string;
  /** What the message was made of, such as `{n} of {all}`; the message itself if absent. */
  template?: string;
  properties: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

/** How log records are written. */
export type LogFormat = "pretty" | "json";

/** The configuration of the log. */
export interface LogConfig {
  /** The lowest level that is written. */
  level: LogLevel;
  /** `pretty` for people, `json` for programs. */
  format: LogFormat;
  /** The absolute path of a file. @default {standard error} */
  file?: string;
  /** How many lines of one kind a service may log in a second, all its instances together; 0 for no limit. @default {5000} */
  flood?: number;
}
