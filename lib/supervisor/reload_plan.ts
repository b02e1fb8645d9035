/**
 * What a reload changes, from the running configuration to the one just read. Pure.
 *
 * A reload replaces every service, even with an equal configuration: its code may have changed.
 *
 * @module
 */

import type { Config } from "../config/config.ts";

/** What a reload changes: services by name. */
export interface ReloadPlan {
  added: string[];
  removed: string[];
  replaced: string[];
  /** Paths of changed settings that take effect only at the next start of the server. */
  restartNeeded: string[];
}

/** Plans the change from one configuration to another. */
export function planReload(old: Config, next: Config): ReloadPlan {
  const before = new Set(Object.keys(old.services));
  const after = new Set(Object.keys(next.services));
  return {
    added: [...after.difference(before)],
    removed: [...before.difference(after)],
    replaced: [...after.intersection(before)],
    restartNeeded: fixedSettings(old, next),
  };
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
