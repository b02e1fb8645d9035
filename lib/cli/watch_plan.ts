/**
 * Which folders `serve --watch` watches, and what a change in them leads to.
 *
 * @module
 */

import { dirname, fromFileUrl, isAbsolute, join, relative } from "@std/path";
import type { Config, ServiceConfig } from "../config/config.ts";
import { parseEndpoint } from "../contract/endpoint.ts";

/** What changes lead to: a reload of everything, or restarts of single services. */
export type WatchAction = { type: "reload" } | { type: "restart"; services: string[] };

/** The folders to watch. */
export interface WatchPlan {
  /** The configuration file. */
  file?: string;
  /** Absolute paths of folders, each with the services that have code in it. */
  folders: Map<string, string[]>;
}

/** Code only, not files that a service may write beside it. */
const code = /\.(?:[cm]?[jt]s|[jt]sx|wasm)$/;
const ignored = /(?:^|[/\\])(?:node_modules|\.[^/\\]+)(?:[/\\]|$)/;

/** Finds the folders of the handlers, hooks and protocols of a configuration's services. */
export function planWatch(config: Config): WatchPlan {
  const folders = new Map<string, string[]>();
  for (const service of Object.values(config.services)) {
    for (const folder of serviceFolders(service, config)) {
      folders.set(folder, [...folders.get(folder) ?? [], service.name]);
    }
  }
  return { file: config.file, folders };
}

/** What changed paths lead to; undefined if nothing. */
export function actionFor(plan: WatchPlan, paths: Iterable<string>): WatchAction | undefined {
  const services = new Set<string>();
  for (const path of paths) {
    if (path === plan.file) return { type: "reload" };
    if (!code.test(path)) continue;
    for (const [folder, names] of plan.folders) {
      const inside = relative(folder, path);
      if (inside.startsWith("..") || isAbsolute(inside) || ignored.test(inside)) continue;
      for (const name of names) services.add(name);
    }
  }
  return services.size > 0 ? { type: "restart", services: [...services] } : undefined;
}

function serviceFolders(service: ServiceConfig, config: Config): Set<string> {
  const folders = new Set<string>();
  addFolder(folders, service.handler);
  for (const hook of service.hooks) if ("module" in hook) addFolder(folders, hook.module);
  const names = service.protocol === undefined ? service.listen.map(protocolOf) : [service.protocol];
  for (const name of names) {
    const own = Object.hasOwn(config.protocols, name) ? config.protocols[name] : undefined;
    const module = name.includes(":") ? name : own;
    if (module !== undefined) addFolder(folders, module);
    else if (name !== "" && config.base.startsWith("file:")) {
      // A file of that name may be created, and would then replace the bundled protocol.
      folders.add(join(fromFileUrl(config.base), "protocols"));
    }
  }
  return folders;
}

function addFolder(folders: Set<string>, module: string | undefined): void {
  if (module?.startsWith("file:")) folders.add(dirname(fromFileUrl(module)));
}

function protocolOf(address: string): string {
  return parseEndpoint(address).protocol;
}
