/**
 * From a configuration as users write it to one the server can use: defaults, absolute paths, numbers. Pure.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { defined } from "../base/defined.ts";
import { givenLimits, resolveLimits } from "../contract/limits.ts";
import type { TlsSpec } from "../spec/tls_spec.ts";
import { resolveHooks } from "./resolve_hooks.ts";
import { absoluteAddress, absolutePath, isModule, moduleUrl } from "./paths.ts";
import { resolvePool } from "./resolve_pool.ts";
import { resolvePermissions, resolveTopics } from "./resolve_permissions.ts";
import { resolveProxy } from "./resolve_proxy.ts";
import type { ConfigInput, DefaultsInput, ServiceInput, TlsInput } from "./config_input.ts";
import type { Config, ServiceConfig } from "./config.ts";

/** Resolves a configuration that the schema and the rules have passed. `base` is a URL with a slash at its end. */
export function resolveInput(input: ConfigInput, base: string, file?: string): Config {
  const { level = "info", format = "pretty", file: logFile, flood } = input.log ?? {};
  return defined({
    file,
    base,
    control: resolveControl(input.control, base, file),
    log: defined({ level, format, file: logFile && absolutePath(logFile, base), flood }),
    protocols: mapEntries(input.protocols ?? {}, (name, path) => [name.toLowerCase(), moduleUrl(path, base)]),
    services: mapEntries(input.services, (name, service) => [
      name,
      resolveService(name, service, { base, defaults: input.defaults ?? {} }),
    ]),
  });
}

/**
 * The absolute path of the control socket; without a path of its own it stands beside the file, if there is one, and if
 * the system has such sockets.
 */
export function resolveControl(
  control: string | false | undefined,
  base: string,
  file?: string,
  os: typeof Deno.build.os = Deno.build.os,
): string | false {
  // A variable of the environment brings even false as a string.
  if (control === false || control === "false") return false;
  if (control !== undefined) return absolutePath(control, base);
  return file === undefined || os === "windows" ? false : join(fromFileUrl(base), "protohost.sock");
}

function resolveService(
  name: string,
  input: ServiceInput,
  { base, defaults }: { base: string; defaults: DefaultsInput },
): ServiceConfig {
  const { protocol, handler, acceptProxyProtocol } = input;
  const { tls, isolation, user, group, instances = 1, reload = true } = defined({
    ...defaults,
    ...defined(input),
  });
  const given = givenLimits(defaults.limits, input.limits);
  return defined({
    name,
    listen: [input.listen ?? []].flat().map((address) => absoluteAddress(address, base)),
    protocol: protocol && (isModule(protocol) ? moduleUrl(protocol, base) : protocol.toLowerCase()),
    handler: handler && moduleUrl(handler, base),
    proxy: resolveProxy(input, base),
    acceptProxyProtocol,
    ...resolveHooks(input, base),
    options: input.options ?? {},
    instances,
    reload: reload ? undefined : false,
    isolation,
    pool: isolation === "connection" ? resolvePool(defaults.pool, input.pool) : undefined,
    user: user === undefined ? undefined : String(user),
    group: group === undefined ? undefined : String(group),
    permissions: resolvePermissions(base, defaults.permissions, input.permissions),
    topics: resolveTopics(defaults.permissions, input.permissions),
    limits: resolveLimits(defaults.limits, input.limits),
    givenLimits: given.length === 0 ? undefined : given,
    tls: tls && resolveTls(tls, base),
  });
}

/** Certificates with their paths made absolute. */
export function resolveTls(input: TlsInput, base: string): TlsSpec {
  // The rules have made sure that it is either the list or the pair.
  const pairs = input.certificates ?? [{ cert: input.cert!, key: input.key! }];
  const clientCa = [input.clientCa ?? []].flat().map((path) => absolutePath(path, base));
  return defined({
    certificates: pairs.map(({ cert, key, names }) =>
      defined({ cert: absolutePath(cert, base), key: absolutePath(key, base), names })
    ),
    clientCa: clientCa.length === 0 ? undefined : clientCa,
    clientCertificate: input.clientCertificate ?? (clientCa.length === 0 ? "none" : "required"),
  });
}

function mapEntries<A, B>(
  of: Record<string, A>,
  change: (key: string, value: A) => [string, B],
): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => change(key, value)));
}
