/**
 * One instance of a service in this isolate: its acceptor, its connections, its counters.
 *
 * @module
 */

import { formatDuration } from "../base/units.ts";
import { Clock } from "../connection/clock.ts";
import { type ConnectionFacade, engineOf } from "../connection/connection_facade.ts";
import { ServiceConnection } from "../connection/service_connection.ts";
import type { ConnectionHost } from "../connection/connection_host.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyHandler, ServiceContext } from "../contract/handler.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import type { Connection, TransportName } from "../contract/connection.ts";
import { conversational } from "../connection/conversation.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { Acceptor } from "./acceptor.ts";
import { type Endpoint, formatAddr } from "../contract/endpoint.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import { type Limits, limitsFor, proxyDefaults } from "../contract/limits.ts";
import type { TlsSpec } from "../spec/tls_spec.ts";
import type { FileBackup } from "../spec/worker_spec.ts";
import type { TrustedProxies } from "../transport/proxied_transport.ts";
import { Proxy } from "../proxy/proxy.ts";
import type { OnBadFrame } from "../spec/proxy_spec.ts";
import type { Upstreams } from "../proxy/upstreams.ts";
import { type ConnectionInfo, createStats, type ServiceStats } from "../contract/stats.ts";
import type { Secure, Transport } from "../transport/transport.ts";

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
  /** What `context.connections` shows. */
  connections: Set<Connection>;
  limits: Limits;
  /** Which of them are given; a protocol may have others in place of the rest. @default {none} */
  givenLimits?: readonly string[];
  tls?: TlsSpec;
  /** What the files of `tls` contained when they could last be used. */
  backup?: FileBackup;
  /** What the identifiers of its connections begin with. */
  idPrefix?: string;
  /** Permissions of its unix sockets. */
  mode?: number;
  /** Counts its connections where that is not done here. */
  counted?: ConnectionLimits;
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

/** A connection that somebody else has accepted. */
export interface Handed {
  transport: Transport;
  /** What carries it on its way to whoever accepted it. */
  kind: TransportName;
  /** At which of the service's bindings it was accepted. */
  binding: number;
  /** Its number among the connections of the instance. */
  number: number;
}

/** A service that listens, serves and stops. */
export interface Service {
  readonly stats: ServiceStats;
  /** Reads the certificates. */
  prepare(): Promise<void>;
  /** Reads the certificates and runs `onStart`. */
  start(): Promise<void>;
  /** Binds every address or none, and accepts. Answers the endpoints bound, with their real ports. */
  listen(options?: ListenOptions): Promise<Endpoint[]>;
  /** Serves a connection that was not accepted here. Settles when none is open any more. */
  hand(handed: Handed): Promise<void>;
  /** Closes the listeners; open connections go on, but for those over UDP. */
  unlisten(): Promise<void>;
  /** Stops accepting, says goodbye (`onDrain`), waits for the connections to finish, cuts the rest. */
  drain(timeoutMs: number): Promise<{ finished: number; cut: number }>;
  /** Cuts everything and, if `onStart` has been run, runs `onStop`. */
  stop(): Promise<void>;
  connections(): ConnectionInfo[];
}

/** Makes a service; it does nothing yet. */
export function createService(options: ServiceOptions): Service {
  return new IsolateService(options);
}

class IsolateService implements Service {
  readonly stats: ServiceStats;
  readonly #options: ServiceOptions;
  readonly #clock: Clock;
  readonly #open: Set<ConnectionFacade>;
  /** Those that are closed for their handlers, and whose sockets are not. */
  readonly #lingering: Set<ServiceConnection> = new Set();
  readonly #acceptor: Acceptor;
  #secure: Secure | undefined;
  #count = 0;
  #started = false;
  #stopped = false;
  /** How many connections `stop` has cut. */
  #cut = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.stats = options.stats ?? createStats();
    this.#clock = new Clock(options.limits);
    this.#open = options.connections as Set<ConnectionFacade>;
    const { limits, trustedProxies, counted, context: { log }, mode } = options;
    this.#acceptor = new Acceptor({ limits, stats: this.stats, trustedProxies, counted, log, mode });
  }

  async prepare(): Promise<void> {
    const { tls, backup, context, limits } = this.#options;
    if (tls === undefined) return;
    // Loaded only here: it takes time that a service without TLS need not wait.
    const { loadServerTls } = await import("../transport/server_tls.ts");
    this.#secure = await loadServerTls(tls, {
      handshakeTimeoutMs: limits.tlsHandshakeTimeoutMs,
      log: context.log,
      ...(backup ? { backup } : {}),
    });
  }

  async start(): Promise<void> {
    const { bindings, context } = this.#options;
    await this.prepare();
    this.#started = true;
    for (const handler of handlersOf(bindings)) await handler.onStart?.(context);
  }

  async listen(options: ListenOptions = {}): Promise<Endpoint[]> {
    const openings = this.#options.bindings.map((binding, index) => {
      const host = this.#host(binding);
      return {
        endpoint: options.endpoints?.[index] ?? binding.endpoint,
        serve: (transport: Transport, kind: TransportName) => this.#serve(transport, kind, host),
        // Where no timeout notices a peer that is gone without a word, the system does.
        keepAlive: host.limits.idleTimeoutMs === 0,
      };
    });
    const { reusePort, exclusive } = options;
    return await this.#acceptor.open(openings, { secure: this.#secure, reusePort, exclusive });
  }

  async hand({ transport, kind, binding, number }: Handed): Promise<void> {
    const { proxy } = this.#options.bindings[binding];
    const host = this.#host(this.#options.bindings[binding]);
    this.#count = number - 1;
    if (proxy !== undefined) proxy.upstreams.turn = this.#count;
    this.#acceptor.admit({ transport, kind }, (admitted) => this.#serve(admitted, kind, host));
    await this.#acceptor.admission.empty();
  }

  unlisten(): Promise<void> {
    return this.#acceptor.close();
  }

  async drain(timeoutMs: number): Promise<{ finished: number; cut: number }> {
    await this.unlisten();
    const before = this.#open.size;
    for (const connection of this.#all()) connection.drain();
    await this.#acceptor.admission.emptyWithin(timeoutMs);
    const cut = this.#cut + this.#open.size;
    for (const connection of this.#all()) {
      connection.fail(
        new ConnectionError(
          "drain_timeout",
          `Drain timeout: still open after ${formatDuration(timeoutMs)}`,
        ),
      );
    }
    await this.#acceptor.admission.emptyWithin(this.#options.limits.lingerTimeoutMs);
    return { finished: before - cut, cut };
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.unlisten();
    this.#cut = this.#open.size;
    for (const connection of [...this.#all(), ...this.#lingering]) connection.destroy();
    this.#acceptor.admission.close();
    if (!this.#started) return;
    for (const handler of handlersOf(this.#options.bindings)) await handler.onStop?.(this.#options.context);
  }

  connections(): ConnectionInfo[] {
    return this.#all().map((connection) => connection.info(this.#options.context.name));
  }

  #all(): ServiceConnection[] {
    return [...this.#open].map(engineOf);
  }

  #serve(transport: Transport, kind: TransportName, host: ConnectionHost): void {
    const id = `${this.#options.idPrefix ?? ""}${++this.#count}`;
    const connection = new ServiceConnection(id, transport, { kind, host });
    this.#open.add(connection.facade);
    connection.run();
  }

  /** What the connections of a binding have in common. */
  #host(binding: Binding): ConnectionHost {
    const { protocol, proxy, hooks } = binding;
    const host = this.#servedHost(binding);
    return proxy === undefined ? { ...host, hooks } : new Proxy(protocol, host, { ...proxy, hooks }).host;
  }

  #servedHost(binding: Binding): ConnectionHost {
    const { context, givenLimits: given = [] } = this.#options;
    const { handler, protocol, endpoint, proxy } = binding;
    const own = proxy && proxyDefaults({ datagrams: endpoint.transport === "udp" });
    const limits = limitsFor({ limits: { ...protocol.limits, ...own } }, this.#options.limits, { given });
    return {
      side: "server",
      protocol,
      handler: handler.transmission === undefined ? handler : conversational(handler),
      limits: Object.freeze(limits),
      clock: this.#clock,
      stats: this.stats,
      secure: this.#secure,
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
        this.#open.delete(connection.facade);
        this.#lingering.add(connection);
        this.#acceptor.admission.closed();
      },
      released: (connection) => {
        this.#lingering.delete(connection);
        this.#acceptor.admission.released(connection);
      },
    };
  }
}

/** The handlers of the bindings, each once. */
function handlersOf(bindings: Binding[]): Set<AnyHandler> {
  return new Set(bindings.map(({ handler }) => handler));
}
