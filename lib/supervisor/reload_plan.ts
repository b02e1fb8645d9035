/**
 * What a reload changes, from the running configuration to the one just read. Pure.
 *
 * @module
 */

import type { Config } from "../config/config.ts";

/** What a reload changes: services by name. */
export interface ReloadPlan {
  added: string[];
  removed: string[];
  replaced: string[];
  /** They serve with the same configuration and code. */
  unchanged: string[];
  /** They have changed, and keep their connections all the same: `reload: false`. */
  held: string[];
  /** Paths of changed settings that take effect only at the next start of the server. */
  restartNeeded: string[];
}

/** What is known of the running services. */
export interface RunningServices {
  /** Those that serve with the configuration and the code that there are now. */
  upToDate: ReadonlySet<string>;
  /** Those of which an instance serves. */
  serving: ReadonlySet<string>;
  /**
   * Whether what is up to date is replaced, too.
   *
   * @default {false}
   */
  all?: boolean;
}

/** Plans the change from one configuration to another. */
export function planReload(old: Config, next: Config, running: RunningServices): ReloadPlan {
  const { upToDate, serving, all = false } = running;
  const before = new Set(Object.keys(old.services));
  const after = new Set(Object.keys(next.services));
  const plan: ReloadPlan = {
    added: [...after.difference(before)],
    removed: [...before.difference(after)],
    replaced: [],
    unchanged: [],
    held: [],
    restartNeeded: fixedSettings(old, next),
  };
  for (const name of after.intersection(before)) {
    const keeps = next.services[name].reload === false && serving.has(name);
    if (upToDate.has(name) && (keeps || !all)) plan.unchanged.push(name);
    else (keeps ? plan.held : plan.replaced).push(name);
  }
  return plan;
}

/** The control socket and the log belong to the server and stay as they are while it runs. */
function fixedSettings(old: Config, next: Config): string[] {
  const settings: [string, (config: Config) => unknown][] = [
    ["control", (config) => config.control],
    ["log.format", (config) => config.log.format],
    ["log.file", (config) => config.log.file],
  ];
  return settings.filter(([, read]) => read(old) !== read(next)).map(([path]) => path);
}
