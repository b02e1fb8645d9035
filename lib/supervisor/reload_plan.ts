/**
 * From the configuration that runs and the one that was read to what a reload does. Pure.
 *
 * A reload replaces every service, also those that read the same: their code may have changed.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { Config, ServiceConfig } from "../config/config.ts";
import { parseEndpoint } from "../contract/endpoint.ts";

/** What a reload does. */
export interface ReloadPlan {
  /** Services to start. */
  added: ServiceConfig[];
  /** Names of services to stop. */
  removed: string[];
  /** Services to replace. `changed` says whether their configuration did, too. */
  replaced: { config: ServiceConfig; changed: boolean }[];
  /** Paths of settings that differ and take effect only when the server is started anew. */
  restartNeeded: string[];
}

/** Plans the way from one configuration to another. */
export function planReload(old: Config, next: Config): ReloadPlan {
  const plan: ReloadPlan = { added: [], removed: [], replaced: [], restartNeeded: fixedSettings(old, next) };
  for (const config of Object.values(next.services)) {
    const before = serviceOf(old, config.name);
    if (before === undefined) plan.added.push(config);
    else {plan.replaced.push({
        config,
        changed: !isDeepStrictEqual(effective(old, before), effective(next, config)),
      });}
  }
  plan.removed = Object.keys(old.services).filter((name) => serviceOf(next, name) === undefined);
  return plan;
}

/** The control socket and the log are the server's own and open as long as it runs. */
function fixedSettings(old: Config, next: Config): string[] {
  const settings: [string, (config: Config) => unknown][] = [
    ["control", (config) => config.control],
    ["log.format", (config) => config.log.format],
    ["log.file", (config) => config.log.file],
  ];
  return settings.filter(([, read]) => read(old) !== read(next)).map(([path]) => path);
}

function serviceOf(config: Config, name: string): ServiceConfig | undefined {
  return Object.hasOwn(config.services, name) ? config.services[name] : undefined;
}

/** All of the configuration that a service depends on: its own, and the modules of the protocols it names. */
function effective(config: Config, service: ServiceConfig): unknown {
  const names = service.listen.map((address) => parseEndpoint(address).protocol);
  if (service.protocol !== undefined) names.push(service.protocol);
  const modules = names.map((name) =>
    Object.hasOwn(config.protocols, name) ? config.protocols[name] : undefined
  );
  return { ...service, modules };
}
