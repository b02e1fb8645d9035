/**
 * Log records on their way from a worker to the supervisor.
 *
 * @module
 */

import type { Logger, LogRecord as TapeRecord } from "@logtape/logtape";
import { boundedJson } from "../spec/bounded_json.ts";
import { LOG_ROOT, type LogRecord } from "../spec/log_spec.ts";
import { loggerAt } from "./logger_at.ts";

/** Makes a LogTape record JSON-safe, its message formatted. */
export function toLogRecord(record: TapeRecord): LogRecord {
  const message = record.message.map((part, i) => i % 2 === 0 ? String(part) : wordingOf(part)).join("");
  const template = templateOf(record);
  return {
    level: record.level,
    category: [...record.category],
    message,
    ...(template === message ? {} : { template: template.slice(0, MAX_TEMPLATE) }),
    properties: boundedJson(record.properties) as Record<string, unknown>,
    timestamp: record.timestamp,
  };
}

/** What a record's message was made of. */
export function templateOf({ rawMessage }: TapeRecord): string {
  return typeof rawMessage === "string" ? rawMessage : rawMessage.join("{}");
}

/** A template goes to the supervisor up to this length. */
const MAX_TEMPLATE = 200;

/** The size of a record in a message and in the log, about, in UTF-16 units. */
export function lengthOf({ message, properties }: LogRecord): number {
  return message.length + JSON.stringify(properties).length + 100;
}

/**
 * Writes a service's records to the log of this isolate: under its own name and with the time of their arrival, whatever
 * they claim, since other programs act on these lines.
 */
export function emitRecords(
  records: readonly LogRecord[],
  { service, timestamp }: { service: string; timestamp: number },
): void {
  for (const { level, category, message, template = message, properties } of records) {
    loggerOf(service, category).emit({
      level,
      message: [message],
      rawMessage: template,
      properties,
      timestamp,
    });
  }
}

/** At most so many categories below its own are told apart for one service: LogTape keeps each for good. */
const MAX_CATEGORIES = 100;

/** The categories below their own that services have used. */
const loggers: Map<string, Map<string, Logger>> = new Map();

function loggerOf(service: string, category: readonly string[]): Logger {
  const isOwn = category[0] === LOG_ROOT && category[1] === service;
  const below = isOwn ? category.slice(2) : category;
  if (below.length === 0) return loggerAt([LOG_ROOT, service]);
  const known = loggers.get(service) ?? new Map<string, Logger>();
  loggers.set(service, known);
  const parts = below.map(plainPart);
  const name = parts.join(".");
  let logger = known.get(name);
  if (logger === undefined) {
    if (known.size >= MAX_CATEGORIES) return loggerAt([LOG_ROOT, service]);
    logger = loggerAt([LOG_ROOT, service, ...parts]);
    known.set(name, logger);
  }
  return logger;
}

/** A part of a category that is no more than a name: LogTape keeps them in plain objects, and they stand in lines. */
function plainPart(part: string): string {
  const plain = part.replaceAll(/[^\w-]+/g, "_");
  return plain in Object.prototype || plain === "" ? `_${plain}` : plain;
}

/** A value in words: strings as they are, errors by class and message, all else as JSON. */
export function wordingOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const json = boundedJson(value);
  return typeof json === "string" ? json : JSON.stringify(json);
}
