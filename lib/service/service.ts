/**
 * One instance of a service in this isolate: its listeners, its connections, its counters.
 *
 * Accepting goes on until {@linkcode Service.unlisten}. What can fail in it: the system has no more descriptors or
 * memory (wait, go on), a peer is gone before it was accepted (go on), a TLS handshake fails or takes too long (that
 * peer is closed, accepting never waits for it), the limits are reached (accepting pauses, or that peer is closed).
 *
 * @module
 */

import { Admission, type Serve } from "./admission.ts";
import { Clock } from "../connection/clock.ts";
import { type ConnectionHost, ServiceConnection } from "../connection/connection.ts";
import { ConnectionError } from "../connection/connection_error.ts";
import type { AnyHandler, AnyProtocol, ServiceContext, TransportName } from "../contract.ts";
import { conversational } from "../connection/conversation.ts";
import { type Endpoint, formatAddr, formatEndpoint } from "../endpoint.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import type { Limits } from "../limits.ts";
import { bind, type Listener } from "../transport/listener.ts";
import type { TlsSpec } from "../messages.ts";
import type { TrustedProxies } from "../proxy/proxied_transport.ts";
import { Proxy } from "../proxy/proxy.ts";
import type { OnBadFrame } from "../proxy/spec.ts";
import type { Upstreams } from "../proxy/upstreams.ts";
import { type ConnectionInfo, countError, createStats, type ServiceStats } from "../stats.ts";
import { readTlsFiles, secureServer } from "../transport/tls.ts";
import type { Secure, Transport } from "../transport/transport.ts";

/** How long accepting rests when the system has no means for another connection. */
const ACCEPT_RETRY_MS = 100;

/** An address and the protocol spoken there. */
export interface Binding {
  endpoint: Endpoint;
  protocol: AnyProtocol;
  /** What serves it: the user's handler, already taken through the protocol's `service`. */
  handler: AnyHandler;
  hooks?: HookSet;
  /** The real servers behind, in place of a handler. */
  proxy?: { upstreams: Upstreams; onBadFrame: OnBadFrame };
}

export interface ServiceOptions {
  /** The counters to count with; its own without. */
  stats?: ServiceStats;
  bindings: Binding[];
  context: ServiceContext;
  limits: Limits;
  tls?: TlsSpec;
  /** What the identifiers of its connections begin with. */
  idPrefix?: string;
  /** Permissions of its unix sockets. */
  mode?: number;
  /** Whose word on a client's address is taken (PROXY protocol). */
  trustedProxies?: TrustedProxies;
}

export interface ListenOptions {
  /** The endpoints to bind in place of the bindings' own, in their order: the ports that port 0 became. */
  endpoints?: Endpoint[];
  /** @default {false} */
  reusePort?: boolean;
  /** @default {false} */
  exclusive?: boolean;
}

/** A service that listens, serves and stops. */
export interface Service {
  readonly stats: ServiceStats;
  /** Reads the certificates and runs `onStart`. */
  start(): Promise<void>;
  /** Binds every address or none, and accepts. Answers the endpoints bound, with their real ports. */
  listen(options?: ListenOptions): Promise<Endpoint[]>;
  /** Closes the listeners; open connections go on, but for those over UDP. */
  unlisten(): Promise<void>;
  /** Stops accepting, says goodbye (`onDrain`), waits for the connections to finish, cuts the rest. */
  drain(timeoutMs: number): Promise<{ finished: number; cut: number }>;
  /** Cuts everything and runs `onStop`. */
  stop(): Promise<void>;
  connections(): ConnectionInfo[];
}

/** Makes a service; it does nothing yet. */
export function createService(options: ServiceOptions): Service {
  return new IsolateService(options);
}

/** What the connections of one listener have in common. */
interface Served {
  host: ConnectionHost;
  proxy: Proxy | undefined;
}

class IsolateService implements Service {
  readonly stats: ServiceStats;
  readonly #options: ServiceOptions;
  readonly #clock: Clock;
  readonly #open: Set<ServiceConnection>;
  readonly #admission: Admission;
  #secure: Secure | undefined;
  #listeners: Listener[] = [];
  /** The accept loops; each settles once its listener is closed. */
  #accepting: Promise<void>[] = [];
  #count = 0;
  #stopped = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.stats = options.stats ?? createStats();
    this.#clock = new Clock(options.limits);
    this.#open = options.context.connections as Set<ServiceConnection>;
    const { limits, trustedProxies, context } = options;
    this.#admission = new Admission({
      limits,
      stats: this.stats,
      trustedProxies,
      report: (remote, error, code) =>
        context.log.warn("Peer {remote}: {code}: {error}", { remote, code, error: error.message }),
    });
  }

  async start(): Promise<void> {
    const { tls, bindings, context, limits } = this.#options;
    if (tls !== undefined) this.#secure = secureServer(await readTlsFiles(tls), limits.tlsHandshakeTimeoutMs);
    for (const handler of handlersOf(bindings)) await handler.onStart?.(context);
  }

  async listen(options: ListenOptions = {}): Promise<Endpoint[]> {
    const { bindings, mode, context } = this.#options;
    const listeners: Listener[] = [];
    try {
      for (const [index, binding] of bindings.entries()) {
        const endpoint = options.endpoints?.[index] ?? binding.endpoint;
        listeners.push(
          await bind(endpoint, {
            secure: this.#secure,
            reusePort: options.reusePort,
            exclusive: options.exclusive,
            mode,
            dropped: (from) => {
              countError(this.stats, "datagram_dropped");
              context.log.warn("Dropped a datagram from {remote}: its connection is busy", {
                remote: formatAddr(from),
              });
            },
          }),
        );
      }
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    this.#listeners = listeners;
    this.#accepting = listeners.map((listener, index) =>
      this.#accept(listener, this.#served(bindings[index]))
    );
    return listeners.map((listener) => listener.endpoint);
  }

  async unlisten(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    this.#admission.dismiss();
    // A peer may have been accepted already that nobody has been told of: it is to be served, not lost.
    await Promise.all(this.#accepting);
  }

  async drain(timeoutMs: number): Promise<{ finished: number; cut: number }> {
    await this.unlisten();
    const before = this.#open.size;
    for (const connection of [...this.#open]) connection.drain();
    await this.#admission.emptyWithin(timeoutMs);
    const cut = this.#open.size;
    for (const connection of [...this.#open]) {
      connection.fail(
        new ConnectionError(
          "drain_timeout",
          `Cannot wait longer: it outlived drainTimeout (${timeoutMs} ms)`,
        ),
      );
    }
    if (cut > 0) await this.#admission.emptyWithin(this.#options.limits.lingerTimeoutMs);
    return { finished: before - cut, cut };
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.unlisten();
    for (const connection of [...this.#open]) connection.destroy();
    this.#admission.close();
    for (const { hooks } of this.#options.bindings) await hooks?.stop();
    for (const handler of handlersOf(this.#options.bindings)) await handler.onStop?.(this.#options.context);
  }

  connections(): ConnectionInfo[] {
    return [...this.#open].map((connection) => connection.info(this.#options.context.name));
  }

  async #accept(listener: Listener, served: Served): Promise<void> {
    const { context } = this.#options;
    const serve: Serve = (transport, kind) => this.#serve(transport, kind, served);
    while (this.#listeners.includes(listener)) {
      if (this.#admission.isFull) {
        await this.#admission.room();
        continue;
      }
      try {
        this.#admission.admit(await listener.accept(), serve);
      } catch (error) {
        if (!this.#listeners.includes(listener)) return;
        countError(this.stats, "accept_failed");
        context.log.error("Cannot accept at {address}: {error}; trying again", {
          address: formatEndpoint(listener.endpoint),
          error: String(error),
        });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }

  #serve(transport: Transport, kind: TransportName, { host, proxy }: Served): void {
    const id = `${this.#options.idPrefix ?? ""}${++this.#count}`;
    const options = { kind, host: proxy === undefined ? host : proxy.host(host) };
    const connection = new ServiceConnection(id, transport, options);
    this.#open.add(connection);
    connection.run();
  }

  #served(binding: Binding): Served {
    const { proxy } = binding;
    return {
      host: this.#host(binding),
      proxy: proxy && new Proxy(binding.protocol, { ...proxy, hooks: binding.hooks }),
    };
  }

  #host(binding: Binding): ConnectionHost {
    const { limits, context } = this.#options;
    const { handler } = binding;
    return {
      side: "server",
      protocol: binding.protocol,
      handler: handler.transmission === undefined ? handler : conversational(handler),
      limits,
      clock: this.#clock,
      stats: this.stats,
      secure: this.#secure,
      hooks: binding.proxy === undefined ? binding.hooks : undefined,
      report(connection, error, code) {
        const properties = { id: connection.id, remote: formatAddr(connection.remoteAddr), code, error };
        const said = "Connection {id} from {remote}: {code}: {error}";
        if (code === "handler_error") {
          context.log.error(said, properties);
        } else if (code === "connection_reset") {
          context.log.debug(said, { ...properties, error: error.message });
        } else context.log.warn(said, { ...properties, error: error.message });
      },
      closed: (connection) => {
        this.#open.delete(connection);
        this.#admission.release(connection);
      },
    };
  }
}

/** The handlers of the bindings, each once. */
function handlersOf(bindings: Binding[]): Set<AnyHandler> {
  return new Set(bindings.map(({ handler }) => handler));
}
