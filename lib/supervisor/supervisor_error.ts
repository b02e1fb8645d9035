/**
 * Errors of the supervisor.
 *
 * @module
 */

import { placeOf } from "../base/error_place.ts";
import { errorCode, type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import { nearest } from "../base/suggest.ts";

/** A problem with one service. */
export interface ServiceProblem {
  /** The service's name. */
  service: string;
  /** What is wrong with it. */
  error: ErrorRecord;
}

/** A start, restart or reload that failed because of one or more services. */
export abstract class ProblemsError extends Error {
  /** What happened. */
  abstract readonly code: string;
  /** The problem of each service. */
  readonly problems: readonly ServiceProblem[];

  /** Makes the error. `what` names the failed operation. */
  constructor(what: string, problems: readonly ServiceProblem[]) {
    const lines = problems.map(({ service, error }) => `${service}: ${error.message}${placeOf(error)}`);
    super(lines.length === 1 ? `Cannot ${what}: ${lines[0]}` : [`Cannot ${what}:`, ...lines].join("\n  "));
    this.problems = problems;
  }
}

/** The server could not start; nothing runs. `code` is `start_failed`. */
export class StartError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "StartError";
  /** What happened. */
  readonly code = "start_failed";
}

/** A reload failed; nothing has changed. `code` is `reload_failed`. */
export class ReloadError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "ReloadError";
  /** What happened. */
  readonly code = "reload_failed";
}

/** A restart failed; the service still runs as before. `code` is `restart_failed`. */
export class RestartError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "RestartError";
  /** What happened. */
  readonly code = "restart_failed";
}

/** There is no such service; `code` is `unknown_service`. */
export class UnknownServiceError extends RangeError {
  /** The name of the class. */
  override readonly name = "UnknownServiceError";
  /** What happened. */
  readonly code = "unknown_service";

  /** Makes the error from the name asked for and the names there are. */
  constructor(service: string, services: readonly string[]) {
    const guess = nearest(service, services);
    const hint = guess === undefined
      ? `there are ${services.join(", ") || "none"}`
      : `did you mean "${guess}"?`;
    super(`Cannot find the service "${service}": ${hint}`);
  }
}

/** The supervisor is in a state that does not allow this; `code` says which. */
export class SupervisorStateError extends Error {
  /** The name of the class. */
  override readonly name = "SupervisorStateError";
  /** What happened. */
  readonly code: "stopping" | "not_running" | "already_started";

  /** Makes the error. */
  constructor(code: "stopping" | "not_running" | "already_started", message: string) {
    super(message);
    this.code = code;
  }
}

/** Makes a problem of a thrown error. */
export function problemOf(service: string, error: unknown): ServiceProblem {
  const record = (error as { record?: ErrorRecord }).record;
  return { service, error: record ?? { ...toErrorRecord(error), code: errorCode(error) } };
}
