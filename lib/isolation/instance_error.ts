/**
 * What goes wrong with a worker.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";

/** A worker that did not do as it was asked; `code` says why, often one from inside the worker. */
export class InstanceError extends Error {
  override readonly name = "InstanceError";
  readonly code: string;
  /** What was wrong, as the worker said it. */
  readonly record: ErrorRecord;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.code = record.code;
    this.record = record;
  }
}

/** A record of what the supervisor itself found wrong. */
export function failure(code: string, message: string): ErrorRecord {
  return { name: "InstanceError", code, message };
}
