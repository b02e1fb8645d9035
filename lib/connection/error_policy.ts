/**
 * What becomes of the errors of a connection: as what each is counted, who hears of it, and whether it is the end.
 *
 * | it | is counted as | the connection |
 * | --- | --- | --- |
 * | a callback throws or rejects | `handler_error` | closes: what was answered before still leaves |
 * | bytes make no frame or no message, a timeout is over | its own code | closes in the same way |
 * | a read, a write or a handshake fails | its own code | ends at once |
 * | a send is refused, a datagram or a partial frame is dropped | its own code | goes on |
 * | `onError` or `onClose` throws | `handler_error` | goes on as it was going to |
 *
 * @module
 */

import {
  CONNECTION_ERRORS,
  ConnectionError,
  type ConnectionErrorCode,
} from "../contract/connection_error.ts";
import { errorCode, toError } from "../base/error_record.ts";
import { countError } from "../contract/stats.ts";
import type { ServiceConnection } from "./service_connection.ts";

/** Counts and reports an error that need not be the end. */
export function report(of: ServiceConnection, error: Error, code: string): void {
  countError(of.host.stats, code);
  tell(of, error, code);
  try {
    if (of.relay === undefined) of.host.handler.onError?.(of.facade, error);
  } catch (thrown) {
    blame(of, thrown);
  }
}

/** Counts and reports what a callback threw that is not to hear of it, or nothing will follow. */
export function blame(of: ServiceConnection, thrown: unknown): void {
  countError(of.host.stats, "handler_error");
  tell(of, toError(thrown), "handler_error");
}

/** Runs a callback that delivery does not wait for. */
export function attempt(of: ServiceConnection, callback: () => unknown): void {
  try {
    callback();
  } catch (error) {
    failAs(of, error, "handler_error");
  }
}

/** Ends it with an error: the handler's own, unless it is a {@linkcode ConnectionError}. */
export function fail(of: ServiceConnection, thrown: unknown): void {
  const error = toError(thrown);
  const isOurs = error instanceof ConnectionError && Object.hasOwn(CONNECTION_ERRORS, error.code);
  failAs(of, error, isOurs ? error.code : "handler_error");
}

/** Ends it with an error: what was answered before still leaves. */
export function failAs(of: ServiceConnection, thrown: unknown, fallback: ConnectionErrorCode): void {
  if (of.phase !== "open") return;
  const error = of.error = toError(thrown);
  report(of, error, fallback === "handler_error" ? fallback : codeOf(error, fallback));
  if (of.relay === undefined) return of.close();
  of.deadlines.forgetFrames();
  try {
    of.relay.finish(of, error);
  } catch (thrown) {
    blame(of, thrown);
    of.close();
  }
}

/** Tells of an error that ends nothing: a datagram that makes no message is no more than that. */
export function survive(of: ServiceConnection, thrown: unknown, fallback: ConnectionErrorCode): void {
  const error = toError(thrown);
  report(of, error, codeOf(error, fallback));
}

/** A read, a write or a handshake has failed: nothing can leave any more. */
export function transportFailed(of: ServiceConnection, thrown: unknown, fallback: ConnectionErrorCode): void {
  if (of.phase === "closed") return;
  if (of.phase === "open" || of.queuedBytes > 0) {
    const error = of.error ??= toError(thrown);
    report(of, error, codeOf(error, fallback));
  }
  of.abort();
}

/** Tells the service, though the error may be an object that throws when it is looked at. */
function tell(of: ServiceConnection, error: Error, code: string): void {
  try {
    of.host.report(of, error, code);
  } catch {
    of.host.report(of, new Error("an error was thrown that cannot be read"), code);
  }
}

function codeOf(error: unknown, fallback: string): string {
  const code = errorCode(error);
  return code === "error" ? fallback : code;
}
