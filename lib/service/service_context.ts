/**
 * What a service is given to live in.
 *
 * @module
 */

import { toFileUrl } from "@std/path";
import { abortSignal } from "../base/abort_signal.ts";
import { freezeMembers } from "../base/freeze_class.ts";
import { ReadonlySetView } from "../base/readonly_set_view.ts";
import { LOG_ROOT } from "../spec/log_spec.ts";
import { loggerAt } from "../log/logger_at.ts";
import type { LocalBus } from "./service_bus.ts";
import type { Connection } from "../contract/connection.ts";
import type { ServiceContext, ServiceLog } from "../contract/handler.ts";
import { countName, createStats, type ServiceStats } from "../contract/stats.ts";

/** A context, and what only its owner changes. */
export interface OwnedContext {
  /** What user code gets: frozen, since the hooks and the handler of a service share it. */
  context: ServiceContext;
  /** Aborts `draining`: no new connections come. */
  drain(): void;
  /** Aborts `signal`, and `draining` if that has not been. */
  end(): void;
  /** What its `connections` show. */
  connections: Set<Connection>;
}

/** Makes the context of one instance of a service. */
export function createContext(
  name: string,
  bus: LocalBus,
  options: { instance?: number; options?: unknown; base?: string; stats?: ServiceStats } = {},
): OwnedContext {
  const draining = new AbortController();
  const ended = new AbortController();
  const connections = new Set<Connection>();
  const stats = options.stats ?? createStats();
  const context: ServiceContext = {
    name,
    instance: options.instance ?? 0,
    options: options.options ?? {},
    get base() {
      // Where there is no configuration it is the current folder, which may not be asked for everywhere.
      return options.base ?? toFileUrl(`${Deno.cwd()}/`).href;
    },
    log: createLog(name),
    draining: draining.signal,
    signal: ended.signal,
    connections: Object.freeze(new ReadonlySetView(connections)),
    count: (name) => countName(stats, name),
    publish: (topic, message) => bus.publish(topic, message),
    subscribe: (topic, listener) => bus.subscribe(topic, listener),
  };
  return {
    context: freezeMembers(context),
    connections,
    drain: () => abortSignal(draining),
    end() {
      abortSignal(draining);
      abortSignal(ended);
    },
  };
}

/** Writes as a service. A logger of LogTape itself leads to all others of its isolate, and to where they write. */
function createLog(name: string): ServiceLog {
  const logger = loggerAt([LOG_ROOT, name]);
  return freezeMembers({
    trace: (...args) => logger.trace(...args),
    debug: (...args) => logger.debug(...args),
    info: (...args) => logger.info(...args),
    warn: (...args) => logger.warn(...args),
    warning: (...args) => logger.warning(...args),
    error: (...args) => logger.error(...args),
    fatal: (...args) => logger.fatal(...args),
  });
}
