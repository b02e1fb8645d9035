/**
 * Where the failures and counts of hooks go: the service's counters and its log.
 *
 * @module
 */

import type { ServiceContext } from "../contract/handler.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { countError, countName, type ServiceStats } from "../contract/stats.ts";
import type { HookOptions } from "./hook_set.ts";

/** Makes the parts of {@linkcode HookOptions} that take failures and counts. */
export function hookReports(
  stats: ServiceStats,
  log: ServiceContext["log"],
): Pick<HookOptions, "report" | "count"> {
  return {
    report(error, connection): void {
      countError(stats, error.code);
      const { code, hook, at, cause } = error;
      const known = { code, hook, ...(at === undefined ? {} : { at }) };
      const who = connection === undefined ? "" : "Connection {id} from {remote}: ";
      const where = connection === undefined
        ? known
        : { ...known, id: connection.id, remote: formatAddr(connection.remoteAddr) };
      if (code === "hook_error" && cause instanceof Error) {
        // A user's own code failed: its stack says where.
        const which = at === undefined ? "{hook}" : "{hook} failed at {at}";
        log.error(`${who}{code}: ${which}: {error}`, { ...where, error: cause });
      } else log.error(`${who}{code}: {error}`, { ...where, error: error.message });
    },
    count: (name) => countName(stats, name),
  };
}
