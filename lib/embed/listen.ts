/**
 * A service in the caller's own isolate: for programs that embed one, and for tests.
 *
 * @module
 */

import { toFileUrl } from "@std/path";
import { LocalBus } from "../service/service_bus.ts";
import { resolveHooks } from "../config/resolve_hooks.ts";
import { resolveProxy } from "../config/resolve_proxy.ts";
import { resolveTls } from "../config/resolve_config.ts";
import type { HookPolicyInput, TlsInput, UpstreamInput } from "../config/config_input.ts";
import { createContext, type OwnedContext } from "../service/service_context.ts";
import type { AnyHandler, Handler, ServiceContext } from "../contract/handler.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../contract/endpoint.ts";
import type { HookModule } from "../hooks/hook_entry.ts";
import { compileHooks } from "../hooks/hook_set.ts";
import { hookReports } from "../hooks/hook_reports.ts";
import { givenLimits, type Limits, type LimitsInput, resolveLimits } from "../contract/limits.ts";
import { warnOfMistakes } from "../service/load_service.ts";
import { loadUpstreams } from "../proxy/load_proxy.ts";
import { TrustedProxies } from "../transport/proxied_transport.ts";
import { resolveProtocol } from "../modules/find_protocol.ts";
import { nameCommands } from "../service/command_naming.ts";
import { type Binding, createService, type Service } from "../service/service.ts";
import { type ConnectionInfo, createStats, type ServiceStats } from "../contract/stats.ts";

/** What stands between the wire and the handler, or in its place. Paths start from the current folder. */
export interface MiddleOptions extends UpstreamInput, HookPolicyInput {
  /** What {@linkcode defineHooks} makes. */
  hooks?: HookModule;
}

/** A service's callbacks and what it needs beside. */
// deno-lint-ignore no-explicit-any
export interface ListenOptions<In = any, Out = any, S = any, T = any>
  extends Handler<In, Out, S, T>, MiddleOptions {
  /** The protocol itself, or the name of a bundled one; the address's own without. */
  protocol?: AnyProtocol | string;
  /** Its name in the log and in `context.name`. @default {the protocol's name} */
  name?: string;
  /** What `context.options` and the protocol's `service` are given. */
  options?: unknown;
  /** What the service bears. */
  limits?: LimitsInput;
  /** Certificates, for a `tls` address or an upgrade: `{ cert, key }`, or several as `{ certificates }`. */
  tls?: TlsInput;
  /** Permissions of a unix socket, in force from its first moment. */
  mode?: number;
}

/** A service that listens in this isolate. */
export interface Server extends AsyncDisposable {
  /** Where it listens, with real ports. */
  readonly addresses: string[];
  /** The port of the first address; 0 for a unix socket. */
  readonly port: number;
  /** What has been counted. */
  readonly stats: ServiceStats;
  /** The open connections. */
  connections(): ConnectionInfo[];
  /** Stops accepting, lets connections finish for `drainTimeout`, cuts the rest. `immediate` cuts at once. */
  close(options?: { immediate?: boolean }): Promise<void>;
}

/** Options that look like callbacks and are none. */
const MIDDLE_CALLBACKS = ["onBadFrame", "onHookTimeout", "onHookError"];

/** One bus for all services of an isolate that were made by {@linkcode listen}. */
const bus = new LocalBus();

/**
 * Listens at an address, or several, and serves there until closed.
 *
 * ```ts
 * import { connect, listen } from "@protohost/protohost";
 *
 * await using server = await listen("text://127.0.0.1:0", {
 *   onMessage: (connection, line: string) => connection.send(line.toUpperCase()),
 * });
 * await using client = await connect<string>(`text://127.0.0.1:${server.port}`);
 * console.log(await client.pingPong("hello")); // HELLO
 * ```
 *
 * @throws {AddressError | ListenError} If an address cannot be read or listened at.
 */
// deno-lint-ignore no-explicit-any
export async function listen<In = any, Out = any, S = any, T = any>(
  address: string | string[],
  options: ListenOptions<In, Out, S, T> = {},
): Promise<Server> {
  const { protocol, name, options: given, limits, tls, mode, acceptProxyProtocol } = options;
  const endpoints = [address].flat().map(parseEndpoint);
  const spoken = await Promise.all(
    endpoints.map(async ({ protocol: named }) =>
      nameCommands(await protocolOf(protocol ?? named), options.command)
    ),
  );
  const resolved = resolveLimits(limits);
  const stats = createStats();
  const owned = createContext(name ?? spoken[0].name, bus, { options: given, stats });
  const { context, connections } = owned;
  warnOfMistakes(options, spoken, { log: context.log, known: MIDDLE_CALLBACKS });
  const equip = await equipment(options, { context, stats, limits: resolved });
  const handler: AnyHandler = options;
  const service = createService({
    bindings: endpoints.map((endpoint, index) => ({
      endpoint,
      protocol: spoken[index],
      // Before a real server it serves nothing itself.
      handler: options.upstream === undefined ? spoken[index].service?.(handler, given) ?? handler : handler,
      ...equip(spoken[index]),
    })),
    context,
    connections,
    stats,
    limits: resolved,
    givenLimits: givenLimits(limits),
    ...(tls === undefined ? {} : { tls: resolveTls(tls, currentFolder()) }),
    mode,
    ...(acceptProxyProtocol ? { trustedProxies: new TrustedProxies(acceptProxyProtocol) } : {}),
  });
  try {
    await service.start();
    const bound = await service.listen({ exclusive: true });
    return new IsolateServer(service, bound, { owned, drainTimeoutMs: resolved.drainTimeoutMs });
  } catch (error) {
    owned.end();
    await service.stop();
    throw error;
  }
}

/** The current folder's URL. */
function currentFolder(): string {
  return toFileUrl(`${Deno.cwd()}/`).href;
}

async function protocolOf(given: AnyProtocol | string): Promise<AnyProtocol> {
  return typeof given === "object" ? given : await resolveProtocol(given);
}

/** Answers what each protocol's binding has beside its handler: hooks and upstreams. */
async function equipment(
  options: MiddleOptions,
  { context, stats, limits }: { context: ServiceContext; stats: ServiceStats; limits: Limits },
): Promise<(protocol: AnyProtocol) => Pick<Binding, "hooks" | "proxy">> {
  const { hooks: module, ...input } = options;
  const hooks = typeof module === "function" ? await module(context) : module;
  const base = currentFolder();
  const spec = resolveProxy(input, base);
  const proxy = spec && {
    upstreams: await loadUpstreams(spec, {
      tlsHandshakeTimeoutMs: limits.tlsHandshakeTimeoutMs,
      log: context.log,
    }),
    onBadFrame: spec.onBadFrame,
  };
  const { hookTimeoutMs: timeoutMs, onHookTimeout, onHookError } = resolveHooks(input, base);
  return (protocol) => ({
    proxy,
    hooks: hooks && compileHooks(hooks, {
      ...{ service: context.name, protocol, context, timeoutMs, onHookTimeout, onHookError },
      ...hookReports(stats, context.log),
    }),
  });
}

class IsolateServer implements Server {
  readonly addresses: string[];
  readonly port: number;
  readonly #service: Service;
  readonly #owned: OwnedContext;
  readonly #drainTimeoutMs: number;

  constructor(service: Service, bound: Endpoint[], end: { owned: OwnedContext; drainTimeoutMs: number }) {
    this.#service = service;
    this.#owned = end.owned;
    this.#drainTimeoutMs = end.drainTimeoutMs;
    this.addresses = bound.map(formatEndpoint);
    this.port = "port" in bound[0] ? bound[0].port : 0;
  }

  get stats(): ServiceStats {
    return this.#service.stats;
  }

  connections(): ConnectionInfo[] {
    return this.#service.connections();
  }

  async close(options: { immediate?: boolean } = {}): Promise<void> {
    if (!options.immediate) {
      this.#owned.drain();
      await this.#service.drain(this.#drainTimeoutMs);
    }
    this.#owned.end();
    await this.#service.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ immediate: true });
  }
}
