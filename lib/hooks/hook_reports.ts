/**
 * Where the failures and counts of hooks go: the service's counters and its log.
 *
 * @module
 */

import type { ServiceLog } from "../contract/handler.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { countError, countName, type ServiceStats } from "../contract/stats.ts";
import type { HookError } from "./hook_error.ts";
import type { HookOptions } from "./hook_set.ts";

/** Makes the parts of {@linkcode HookOptions} that take failures and counts. */
export function hookReports(stats: ServiceStats, log: ServiceLog): Pick<HookOptions, "report" | "count"> {
  return {
    report(error, connection): void {
      countError(stats, error.code);
      const client = connection && { id: connection.id, remote: formatAddr(connection.remoteAddr) };
      logHookError(log, error, client);
    },
    // Hooks get it as it is.
    count: Object.freeze((name: string) => countName(stats, name)),
  };
}

/** Logs a failure, and whose connection it was. */
export function logHookError(
  log: Pick<ServiceLog, "error">,
  { code, hook, at, cause, message }: HookError,
  client?: { id: string; remote: string },
): void {
  const who = client === undefined ? "" : "Connection {id} from {remote}: ";
  const where = { code, hook, ...(at === undefined ? {} : { at }), ...client };
  if (code === "hook_error" && cause instanceof Error) {
    // A user's own code failed: its stack says where.
    const which = at === undefined ? "{hook}" : "{hook} failed at {at}";
    log.error(`${who}{code}: ${which}: {error}`, { ...where, error: cause });
  } else log.error(`${who}{code}: {error}`, { ...where, error: message });
}
