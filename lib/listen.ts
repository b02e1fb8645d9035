/**
 * A service in the caller's own isolate: for programs that embed one, and for tests.
 *
 * @module
 */

import { LocalBus } from "./bus.ts";
import { createContext } from "./context.ts";
import type { AnyHandler, AnyProtocol, Handler } from "./contract.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "./endpoint.ts";
import { type LimitsInput, resolveLimits } from "./limits.ts";
import type { TlsSpec } from "./messages.ts";
import { resolveProtocol } from "./resolve.ts";
import { createService, type Service } from "./service.ts";
import type { ConnectionInfo, ServiceStats } from "./stats.ts";

/** A service's callbacks and what it needs beside. */
// deno-lint-ignore no-explicit-any
export interface ListenOptions<In = any, Out = any, S = any, T = any> extends Handler<In, Out, S, T> {
  /** The protocol itself, or the name of a bundled one; the address's own without. */
  protocol?: AnyProtocol | string;
  /** Its name in the log and in `context.name`. @default {the protocol's name} */
  name?: string;
  /** What `context.options` and the protocol's `service` are given. */
  options?: unknown;
  /** What the service bears. */
  limits?: LimitsInput;
  /** Certificates, for a `tls` address or an upgrade. */
  tls?: TlsSpec;
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

/** One bus for all services of an isolate that were made by {@linkcode listen}. */
const bus = new LocalBus();

/**
 * Listens at an address, or several, and serves there until closed.
 *
 * ```ts
 * import { connect, listen } from "@protohost/protohost";
 *
 * await using server = await listen("text://127.0.0.1:0", {
 *   onMessage: (connection, line: string) => void connection.send(line.toUpperCase()),
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
  const { protocol, name, options: given, limits, tls, mode, ...handler } = options;
  const endpoints = [address].flat().map(parseEndpoint);
  const bindings = await Promise.all(endpoints.map(async (endpoint) => {
    const spoken = typeof protocol === "object"
      ? protocol
      : await resolveProtocol(protocol ?? endpoint.protocol);
    const user: AnyHandler = handler;
    return { endpoint, protocol: spoken, handler: spoken.service?.(user, given) ?? user };
  }));
  const { context, abort } = createContext(name ?? bindings[0].protocol.name, bus, { options: given });
  const resolved = resolveLimits(limits);
  const service = createService({ bindings, context, limits: resolved, tls, mode });
  try {
    await service.start();
    const bound = await service.listen({ exclusive: true });
    return new IsolateServer(service, bound, { abort, drainTimeoutMs: resolved.drainTimeoutMs });
  } catch (error) {
    abort.abort();
    await service.stop();
    throw error;
  }
}

class IsolateServer implements Server {
  readonly addresses: string[];
  readonly port: number;
  readonly #service: Service;
  readonly #abort: AbortController;
  readonly #drainTimeoutMs: number;

  constructor(service: Service, bound: Endpoint[], end: { abort: AbortController; drainTimeoutMs: number }) {
    this.#service = service;
    this.#abort = end.abort;
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
    if (!options.immediate) await this.#service.drain(this.#drainTimeoutMs);
    this.#abort.abort();
    await this.#service.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ immediate: true });
  }
}
