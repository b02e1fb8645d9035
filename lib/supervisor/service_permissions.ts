/**
 * The permissions of a service: what it needs, and what its configuration grants. Pure.
 *
 * A service may listen at its addresses, reach its upstreams, and read its own files: the folder of the configuration,
 * those of its modules, its certificates. A bundled protocol that serves by itself may also use what its options name.
 * What rules run, the server runs. Everything else must be granted by name.
 *
 * @module
 */

import { fromFileUrl, resolve } from "@std/path";
import { OWN_MODULES } from "../base/own_modules.ts";
import { bundledNeeds } from "../modules/bundled.ts";
import { readNeeds } from "../modules/option_needs.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import { type Endpoint, parseEndpoint } from "../contract/endpoint.ts";
import { isWithin, mergePermissions, type Permissions } from "../spec/permissions.ts";
import { temporaryPathOf } from "../transport/unix_socket.ts";

/**
 * All permissions of a service: what it needs, and what its configuration grants.
 *
 * @param options.listens Whether its holder listens itself: a process that is handed its only connection does not.
 */
export function permissionsOf(
  service: ServiceConfig,
  config: Config,
  { listens }: { listens: boolean } = { listens: true },
): Permissions {
  return mergePermissions(
    modulesOf(service, config),
    ...listens ? addressesOf(service).map(needsOf) : [],
    ...listens && service.listen.length === 0 ? [{ net: true as const }] : [],
    ...(service.proxy?.upstream ?? []).map(parseEndpoint).map(needsOfUpstream),
    ...needsOfOptions(service, config),
    service.permissions,
  );
}

/** Files that a service reads: code and certificates. */
function modulesOf(service: ServiceConfig, config: Config): Permissions {
  const { tls, proxy } = service;
  const modules = [
    service.handler,
    service.protocol,
    ...Object.values(config.protocols),
    ...service.hooks.flatMap((hook) => "module" in hook ? [hook.module] : []),
  ];
  const folders = modules.flatMap((url) => url?.startsWith("file:") ? [new URL("./", url).href] : []);
  return {
    read: [
      ...[config.base, ...OWN_MODULES, ...folders].filter((url) => url.startsWith("file:")).map(pathOf),
      ...(tls?.certificates ?? []).flatMap(({ cert, key }) => [cert, key]),
      ...tls?.clientCa ?? [],
      ...proxy?.tls.ca ?? [],
      ...[proxy?.tls.cert, proxy?.tls.key].filter((path) => path !== undefined),
    ],
  };
}

function addressesOf({ listen }: ServiceConfig): Endpoint[] {
  return listen.map(parseEndpoint);
}

function needsOf(endpoint: Endpoint): Permissions {
  switch (endpoint.transport) {
    case "unix": {
      const { folder, temporary } = temporaryPathOf(endpoint.path);
      const paths = [endpoint.path, folder];
      return { read: paths, write: paths, net: [endpoint.path, temporary].map((path) => `unix:${path}`) };
    }
    case "udp":
      // Each reply needs the permission to send to that peer.
      return { net: true };
    case "tcp":
    case "tls":
      // A port chosen by the system is known too late, and the next generation takes over that port.
      return { net: [hostOf(endpoint.hostname, endpoint.port || undefined)] };
    default:
      return endpoint satisfies never;
  }
}

function needsOfUpstream(endpoint: Endpoint): Permissions {
  if (endpoint.transport === "unix") {
    const { path } = endpoint;
    return { read: [path], write: [path], net: [`unix:${path}`] };
  }
  return { net: [hostOf(endpoint.hostname, endpoint.port)] };
}

/**
 * What a bundled protocol's own service uses. Never the folder of the configuration, nor one around it: writing there
 * means writing what the server runs, which must be granted by name. A user's protocol beside the configuration with the
 * name of a bundled one is treated as that one here; all it gains is what its own options name.
 */
function needsOfOptions(service: ServiceConfig, { base, protocols }: Config): Permissions[] {
  if (service.handler !== undefined || service.proxy !== undefined) return [];
  const own = fromFileUrl(base);
  const names = service.protocol === undefined
    ? addressesOf(service).map(({ protocol }) => protocol)
    : [service.protocol];
  return names.flatMap((name) => {
    if (Object.hasOwn(protocols, name) || !Object.hasOwn(bundledNeeds, name)) return [];
    const { folders, upstreams } = readNeeds(bundledNeeds[name]!, service.options);
    const paths = folders.map((path) => resolve(own, path)).filter((path) => !isWithin(own, path));
    return [{ read: paths, write: paths }, ...upstreams.flatMap(readable).map(needsOfUpstream)];
  });
}

/** The service itself refuses an address that cannot be parsed. */
function readable(address: string): Endpoint[] {
  try {
    return [parseEndpoint(address)];
  } catch {
    return [];
  }
}

function hostOf(hostname: string, port: number | undefined): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return port === undefined ? host : `${host}:${port}`;
}

function pathOf(url: string): string {
  const path = fromFileUrl(url);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
