/**
 * Errors of workers.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";

/** A worker failed; `code` says why, often a code from inside the worker. */
export class InstanceError extends Error {
  override readonly name = "InstanceError";
  readonly code: string;
  /** The error as the worker reported it. */
  readonly record: ErrorRecord;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.code = record.code;
    this.record = record;
  }
}

/** A record of a failure that the supervisor found. */
export function failure(code: string, message: string): ErrorRecord {
  return { name: "InstanceError", code, message };
}
