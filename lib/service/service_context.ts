/**
 * What a service is given to live in.
 *
 * @module
 */

import { toFileUrl } from "@std/path";
import { getLogger } from "@logtape/logtape";
import type { LocalBus } from "./service_bus.ts";
import type { Connection } from "../contract/connection.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { countName, createStats, type ServiceStats } from "../contract/stats.ts";

/** Where a service's log records go: `protohost`, then its name. */
export const LOG_CATEGORY = "protohost";

/** A context, and the way to end its signal. */
export interface OwnedContext {
  context: ServiceContext;
  abort: AbortController;
}

/** Makes the context of one instance of a service. */
export function createContext(
  name: string,
  bus: LocalBus,
  options: { instance?: number; options?: unknown; base?: string; stats?: ServiceStats } = {},
): OwnedContext {
  const abort = new AbortController();
  const stats = options.stats ?? createStats();
  return {
    abort,
    context: {
      name,
      instance: options.instance ?? 0,
      options: options.options ?? {},
      get base() {
        // Where there is no configuration it is the current folder, which may not be asked for everywhere.
        return options.base ?? toFileUrl(`${Deno.cwd()}/`).href;
      },
      log: getLogger([LOG_CATEGORY, name]),
      signal: abort.signal,
      connections: new Set<Connection>(),
      count: (name) => countName(stats, name),
      publish: (topic, message) => bus.publish(topic, message),
      subscribe: (topic, listener) => bus.subscribe(topic, listener),
    },
  };
}
