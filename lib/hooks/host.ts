/**
 * Where the failures and counts of hooks go: the service's counters and its log.
 *
 * @module
 */

import type { ServiceContext } from "../contract.ts";
import { formatAddr } from "../endpoint.ts";
import { countError, countName, type ServiceStats } from "../stats.ts";
import type { HookOptions } from "./hook_set.ts";

/** Makes what {@linkcode HookOptions} want to tell failures and counts to. */
export function hookHost(
  stats: ServiceStats,
  log: ServiceContext["log"],
): Pick<HookOptions, "report" | "count"> {
  return {
    report(error, connection): void {
      countError(stats, error.code);
      // A user's own code failed: its stack says where.
      const told = error.cause instanceof Error && error.code === "hook_error" ? error.cause : error.message;
      const where = connection === undefined
        ? {}
        : { id: connection.id, remote: formatAddr(connection.remoteAddr) };
      log.error("{code}: {error}", { code: error.code, hook: error.hook, error: told, ...where });
    },
    count: (name) => countName(stats, name),
  };
}
