/**
 * Log records on their way from a worker to the supervisor.
 *
 * @module
 */

import { getLogger, type LogRecord as TapeRecord } from "@logtape/logtape";
import { toErrorRecord } from "../base/error_record.ts";
import type { LogRecord } from "../spec/log_spec.ts";

/** The longest string in a record, in UTF-16 units. */
const MAX_STRING = 16_384;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;

/** Makes a LogTape record JSON-safe, its message formatted. */
export function toLogRecord(record: TapeRecord): LogRecord {
  return {
    level: record.level,
    category: [...record.category],
    message: record.message.map((part, i) => i % 2 === 0 ? String(part) : wording(part)).join(""),
    properties: toJson(record.properties) as Record<string, unknown>,
    timestamp: record.timestamp,
  };
}

/** Writes a worker's records to the log of this isolate. */
export function emitRecords(records: readonly LogRecord[]): void {
  for (const { level, category, message, properties, timestamp } of records) {
    getLogger(category).emit({ level, message: [message], rawMessage: message, properties, timestamp });
  }
}

function wording(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const json = toJson(value);
  return typeof json === "string" ? json : JSON.stringify(json);
}

/** The closest JSON value to any value. Bounded, whatever it is given. */
function toJson(value: unknown, depth = 0, above: readonly unknown[] = []): unknown {
  switch (typeof value) {
    case "string":
      return value.length > MAX_STRING ? `${value.slice(0, MAX_STRING)}...` : value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return null;
  if (value instanceof Error) return toErrorRecord(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (above.includes(value)) return "[circular]";
  if (depth >= MAX_DEPTH) return "[...]";
  const next = (inner: unknown) => toJson(inner, depth + 1, [...above, value]);
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map(next);
  if (value instanceof Set) return [...value].slice(0, MAX_ENTRIES).map(next);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.slice(0, MAX_ENTRIES).map(([key, inner]) => [String(key), next(inner)]));
}
