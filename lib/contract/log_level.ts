/**
 * How grave a log record is.
 *
 * @module
 */

/** How grave a log record is. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "fatal";
