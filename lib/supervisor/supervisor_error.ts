/**
 * What the supervisor cannot do.
 *
 * @module
 */

import { placeOf } from "../base/error_place.ts";
import { errorCode, type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import { nearest } from "../base/suggest.ts";

/** What is wrong with one service. */
export interface ServiceProblem {
  /** The service's name. */
  service: string;
  /** What is wrong with it. */
  error: ErrorRecord;
}

/** Something that cannot be done because of one service or several; all of them are told. */
export abstract class ProblemsError extends Error {
  /** What happened. */
  abstract readonly code: string;
  /** What is wrong with each service. */
  readonly problems: readonly ServiceProblem[];

  /** Makes the error of what cannot be done, and why. */
  constructor(what: string, problems: readonly ServiceProblem[]) {
    const lines = problems.map(({ service, error }) => `${service}: ${error.message}${placeOf(error)}`);
    super(lines.length === 1 ? `Cannot ${what}: ${lines[0]}` : [`Cannot ${what}:`, ...lines].join("\n  "));
    this.problems = problems;
  }
}

/** A server that does not start; nothing of it runs. `code` is `start_failed`. */
export class StartError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "StartError";
  /** What happened. */
  readonly code = "start_failed";
}

/** A reload that was refused; everything runs on as before. `code` is `reload_failed`. */
export class ReloadError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "ReloadError";
  /** What happened. */
  readonly code = "reload_failed";
}

/** A restart that was refused; the service runs on as before. `code` is `restart_failed`. */
export class RestartError extends ProblemsError {
  /** The name of the class. */
  override readonly name = "RestartError";
  /** What happened. */
  readonly code = "restart_failed";
}

/** A service that the server does not have; `code` is `unknown_service`. */
export class UnknownServiceError extends RangeError {
  /** The name of the class. */
  override readonly name = "UnknownServiceError";
  /** What happened. */
  readonly code = "unknown_service";

  /** Makes the error of a name that none of the services has. */
  constructor(service: string, services: readonly string[]) {
    const guess = nearest(service, services);
    const hint = guess === undefined
      ? `there are ${services.join(", ") || "none"}`
      : `did you mean "${guess}"?`;
    super(`Cannot find the service "${service}": ${hint}`);
  }
}

/** Work that the supervisor does not take on because it is about to stop, or because of its state; `code` says which. */
export class SupervisorStateError extends Error {
  /** The name of the class. */
  override readonly name = "SupervisorStateError";
  /** What happened. */
  readonly code: "stopping" | "not_running" | "already_started";

  /** Makes the error of work that is not taken on. */
  constructor(code: "stopping" | "not_running" | "already_started", message: string) {
    super(message);
    this.code = code;
  }
}

/** Makes a problem of what a service's failure threw. */
export function problemOf(service: string, error: unknown): ServiceProblem {
  const record = (error as { record?: ErrorRecord }).record;
  return { service, error: record ?? { ...toErrorRecord(error), code: errorCode(error) } };
}
