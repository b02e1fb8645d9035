/**
 * How grave a log record is.
 *
 * @module
 */

/** How grave a log record is. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "fatal";

/** From the least grave on. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "fatal"];
