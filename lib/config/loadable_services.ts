/**
 * What of a broken configuration can be loaded all the same, so that what is wrong with the code is told together with what
 * is wrong with the file. Pure.
 *
 * @module
 */

import { checkTree } from "./check_config.ts";
import type { Config, ServiceConfig } from "./config.ts";
import { folderUrl } from "./paths.ts";
import { formatPlace, type Problem } from "./problem.ts";
import { asMapping, isMapping } from "./raw_tree.ts";

/** A configuration of the services that can be loaded. */
export interface LoadableServices {
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
export function loadableServices(
  tree: unknown,
  problems: readonly Problem[],
  base: string,
): LoadableServices {
  const broken = isBroken(problems);
  const { services, defaults, protocols } = asMapping(tree);
  const shared = {
    ...(isMapping(defaults) && !broken("defaults") ? { defaults } : {}),
    protocols: Object.fromEntries(
      Object.entries(asMapping(protocols)).filter(([name]) => !broken("protocols", name)),
    ),
  };
  const found: Record<string, ServiceConfig> = {};
  const partial = new Set<string>();
  let config: Config | undefined;
  for (const [name, value] of Object.entries(asMapping(services))) {
    const whole = !broken("services", name);
    const input = whole ? value : Object.fromEntries(
      Object.entries(asMapping(value)).filter(([key]) =>
        ESSENTIALS.includes(key) && !broken("services", name, key)
      ),
    );
    const checked = checkTree({ ...shared, services: { [name]: input } }, { base }).config;
    if (checked === undefined) continue;
    config = checked;
    found[name] = checked.services[name];
    if (!whole) partial.add(name);
  }
  const empty = { base: folderUrl(base), control: false as const, log: NO_LOG, protocols: {} };
  return { config: { ...config ?? empty, services: found }, partial };
}

const NO_LOG = { level: "info", format: "pretty" } as const;

/** Answers whether a problem is at a place or in it. */
function isBroken(problems: readonly Problem[]): (...place: string[]) => boolean {
  return (...place) => {
    const path = formatPlace(place);
    return problems.some((problem) =>
      problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`)
    );
  };
}
