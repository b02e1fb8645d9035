/**
 * What of a broken configuration can be loaded all the same, so that what is wrong with the code is told together with what
 * is wrong with the file. Pure.
 *
 * @module
 */

import { draftConfig } from "./check_config.ts";
import { folderUrl } from "./paths.ts";
import type { Problem } from "./problem.ts";
import { asMapping, isMapping } from "./raw_tree.ts";
import type { Config, ServiceConfig } from "./config.ts";

/** A configuration of the services that can be loaded. */
export interface Salvage {
  config: Config;
  /** Names of those of which only addresses, protocol and handler were taken, as the rest is wrong. */
  partial: Set<string>;
}

/** What it takes to find a service's protocols and load its modules. */
const ESSENTIALS = ["listen", "protocol", "handler"];

/**
 * Takes what holds out of a configuration that does not.
 *
 * @param tree As it was written, its variables replaced.
 * @param base The absolute path of its folder.
 */
export function salvage(tree: unknown, problems: readonly Problem[], base: string): Salvage {
  const broken = (path: string) =>
    problems.some((problem) => problem.path === path || /^[.[]/.test(after(problem.path, path)));
  const { services, defaults, protocols } = asMapping(tree);
  const shared = {
    ...(isMapping(defaults) && !broken("defaults") ? { defaults } : {}),
    protocols: Object.fromEntries(
      Object.entries(asMapping(protocols)).filter(([name]) => !broken(`protocols.${name}`)),
    ),
  };
  const found: Record<string, ServiceConfig> = {};
  const partial = new Set<string>();
  let config: Config | undefined;
  for (const [name, value] of Object.entries(asMapping(services))) {
    const place = `services.${name}`;
    const whole = !broken(place);
    const input = whole ? value : Object.fromEntries(
      Object.entries(asMapping(value)).filter(([key]) =>
        ESSENTIALS.includes(key) && !broken(`${place}.${key}`)
      ),
    );
    const draft = draftConfig({ ...shared, services: { [name]: input } }, { base }).config;
    if (draft === undefined) continue;
    config = draft;
    found[name] = draft.services[name];
    if (!whole) partial.add(name);
  }
  const empty = { base: folderUrl(base), control: false as const, log: NO_LOG, protocols: {} };
  return { config: { ...config ?? empty, services: found }, partial };
}

const NO_LOG = { level: "info", format: "pretty" } as const;

function after(path: string, beginning: string): string {
  return path.startsWith(beginning) ? path.slice(beginning.length) : "";
}
