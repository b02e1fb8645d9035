/**
 * The log of the main isolate, which writes the records of workers, too.
 *
 * @module
 */

import {
  configureSync,
  getAnsiColorFormatter,
  getConfig,
  getJsonLinesFormatter,
  getTextFormatter,
  type Logger,
  type LogRecord,
  resetSync,
  type TextFormatter,
} from "@logtape/logtape";
import { LOG_ROOT, type LogConfig } from "../spec/log_spec.ts";
import { visible } from "../base/visible_text.ts";
import { userFrames } from "../base/error_place.ts";
import { toLogRecord, wordingOf } from "./log_record.ts";
import { LogFile } from "./log_file.ts";
import { writeAll } from "./write_all.ts";
import { loggerAt } from "./logger_at.ts";
import type { LogLevel } from "../contract/log_level.ts";

/** The log of the server itself. */
export function serverLog(): Logger {
  return loggerAt([LOG_ROOT]);
}

/** The log of one service. */
export function serviceLog(service: string): Logger {
  return loggerAt([LOG_ROOT, service]);
}

/** The configured log. */
export interface LogWriter {
  /** Writes records of this level and above from now on. */
  setLevel(level: LogLevel): void;
  /** Opens the file again, after log rotation has moved it. @throws If it cannot be opened. */
  reopen(): void;
  /** Ends writing. */
  close(): void;
}

/**
 * Starts writing the log to the standard error stream or a file. If a program that embeds protohost
 * has configured LogTape already, that configuration stays.
 *
 * @throws If the file cannot be opened, or is a pipe that nobody reads.
 */
export function configureLog(config: LogConfig): LogWriter {
  if (getConfig() !== null) return { setLevel() {}, reopen() {}, close() {} };
  const target = openTarget(config);
  const format = formatterOf(config);
  const encoder = new TextEncoder();
  const write = (record: LogRecord) => target.write(encoder.encode(format(record)));
  const apply = (level: LogLevel) =>
    configureSync({
      reset: true,
      sinks: { writer: write },
      loggers: [
        { category: [], sinks: ["writer"], lowestLevel: level },
        { category: ["logtape", "meta"], lowestLevel: "warning" },
      ],
    });
  apply(config.level);
  return {
    setLevel: apply,
    reopen: () => target.reopen(),
    close() {
      resetSync();
      target.close();
    },
  };
}

/** The formatter for a configuration, one line or more for each record. */
export function formatterOf(config: LogConfig): TextFormatter {
  if (config.format === "json") {
    const line = getJsonLinesFormatter({ message: "rendered", properties: "nest:properties" });
    return (record) => {
      const { message, properties } = toLogRecord(record);
      return line({ ...record, message: [message], properties });
    };
  }
  const options = {
    timestamp: "date-time-tz",
    value: "bare",
    category: (category: readonly string[]) => visible(category.slice(1).join(".") || category.join(".")),
    // Done here, with the characters that turn the direction of text around.
    sanitize: false,
  } as const;
  const colors = config.file === undefined && Deno.stderr.isTerminal() && !Deno.noColor;
  const line = colors ? getAnsiColorFormatter(options) : getTextFormatter(options);
  // Text from a peer must not look like a line of the log, nor tell the terminal anything.
  return (record) => {
    const message = record.message.map((part) => visible(wordingOf(part)));
    return line({ ...record, message }) + stackOf(record);
  };
}

/** The places in the user's code that an error came through, a line each. */
function stackOf(record: LogRecord): string {
  const stack = (record.properties.error as { stack?: unknown } | undefined)?.stack;
  if (typeof stack !== "string") return "";
  return userFrames(stack).map((frame) => `${visible(frame)}\n`).join("");
}

interface Target {
  write(bytes: Uint8Array): void;
  reopen(): void;
  close(): void;
}

function openTarget({ file }: LogConfig): Target {
  if (file !== undefined) return new LogFile(file);
  return { write: (bytes) => writeAll(Deno.stderr, bytes), reopen() {}, close() {} };
}
