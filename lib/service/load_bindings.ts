/**
 * Loads everything that a worker serves: protocols, handler or upstreams, hooks.
 *
 * @module
 */

import type { AnyProtocol } from "../contract/protocol.ts";
import type { ServiceContext } from "../contract/handler.ts";
import type { RunAction } from "../hooks/action_request.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import { hookReports } from "../hooks/hook_reports.ts";
import { loadHooks } from "../hooks/load_hooks.ts";
import type { HooksSpec } from "../hooks/rule.ts";
import { loadService } from "./load_service.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { loadUpstreams } from "../proxy/load_proxy.ts";
import type { Binding } from "./service.ts";
import type { ServiceStats } from "../contract/stats.ts";

const UNNAMED = "requests that several keys could name are refused where hooks guard; " +
  "command: { key: KEY } says which key the server behind goes by";

/** Loads what a worker serves, without starting it. @throws What keeps a part from loading. */
export async function loadBindings(
  spec: WorkerSpec,
  context: ServiceContext,
  { stats, runAction }: { stats: ServiceStats; runAction: RunAction },
): Promise<Binding[]> {
  const bindings = await loadService(spec, context);
  const hooks = spec.hooks && await loadEach(spec, spec.hooks, { bindings, context, stats, runAction });
  const proxy = spec.proxy && {
    upstreams: await loadUpstreams(spec.proxy, {
      tlsHandshakeTimeoutMs: spec.limits.tlsHandshakeTimeoutMs,
      log: context.log,
      ...(spec.backup ? { backup: spec.backup } : {}),
    }),
    onBadFrame: spec.proxy.onBadFrame,
  };
  return bindings.map((binding) => ({
    ...binding,
    ...(hooks === undefined ? {} : { hooks: hooks.get(binding.protocol) }),
    ...(proxy === undefined ? {} : { proxy }),
  }));
}

/** Compiles the hooks for each protocol, since rules use its names and notation. */
async function loadEach(
  spec: WorkerSpec,
  { sources, ...policy }: HooksSpec,
  { bindings, context, stats, runAction }: {
    bindings: Binding[];
    context: ServiceContext;
    stats: ServiceStats;
    runAction: RunAction;
  },
): Promise<Map<AnyProtocol, HookSet>> {
  const sets = new Map<AnyProtocol, HookSet>();
  for (const { protocol } of bindings) {
    if (sets.has(protocol)) continue;
    const host = hookReports(stats, context.log);
    const proxied = spec.proxy !== undefined;
    const hooks = await loadHooks(sources, {
      ...{ service: spec.service, protocol, context, proxied, runAction },
      ...policy,
      ...host,
    });
    if (proxied && hooks.guards && spec.command === undefined && protocol.namedBy !== undefined) {
      context.log.warn("{warning}", { warning: `${protocol.name}: ${UNNAMED}` });
    }
    sets.set(protocol, hooks);
  }
  return sets;
}
