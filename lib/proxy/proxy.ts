/**
 * A service that stands before another server: what all its connections have in common.
 *
 * @module
 */

import type { ServiceConnection } from "../connection/service_connection.ts";
import type { ConnectionHost } from "../connection/connection_host.ts";
import type { AnyHandler } from "../contract/handler.ts";
import type { AnyProtocol, Direction } from "../contract/protocol.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import { createStats } from "../contract/stats.ts";
import { ProxySession } from "./proxy_session.ts";
import { skimming } from "./skimming.ts";
import type { OnBadFrame } from "../spec/proxy_spec.ts";
import type { Upstreams } from "./upstreams.ts";
import type { Secure } from "../transport/transport.ts";

/** How a proxy works. */
export interface ProxyOptions {
  upstreams: Upstreams;
  onBadFrame: OnBadFrame;
  hooks?: HookSet;
}

/** Relays the connections of one listener. */
export class Proxy {
  readonly options: ProxyOptions;
  readonly protocol: AnyProtocol;
  /** Which directions hooks look at. */
  readonly observed: Readonly<Record<Direction, boolean>>;
  /** Which directions must be cut into frames; the others are relayed as they come. */
  readonly framed: Readonly<Record<Direction, boolean>>;
  /** Whether requests and answers are counted: for replies that hooks inject, and for what comes behind a STARTTLS. */
  readonly counts: boolean;
  /** The surroundings of its clients' connections. */
  readonly host: ConnectionHost;
  /** Those of the connections to its upstreams, by how these do TLS. */
  readonly #upstreamHosts: Map<Secure, ConnectionHost> = new Map();

  /** @param base The surroundings of a connection that is served here. */
  constructor(protocol: AnyProtocol, base: ConnectionHost, options: ProxyOptions) {
    this.protocol = protocol;
    this.options = options;
    const { hooks } = options;
    this.observed = hooks?.observed ?? { in: false, out: false };
    this.host = { ...base, protocol: skimming(protocol, this.observed), handler: new ClientSide(this) };
    const observed = this.observed.in || this.observed.out;
    // A protocol that keeps a session or changes under way must see both directions to know where it is.
    const stateful = protocol.session !== undefined || protocol.upgrade !== undefined;
    const { answers, upgrade, withdrawn, ambiguous } = protocol;
    // What goes to the upstream in place of a request that a hook refuses has an answer of its own.
    const mayRefuse = this.observed.in && (withdrawn !== undefined || ambiguous !== undefined);
    this.counts = observed && answers !== undefined &&
      (hooks!.mayReply || upgrade !== undefined || mayRefuse);
    const all = observed && (stateful || this.counts);
    this.framed = {
      in: all || this.observed.in,
      out: all || this.observed.out,
    };
  }

  /** The surroundings of a connection to an upstream. */
  upstreamHost(secure: Secure): ConnectionHost {
    let host = this.#upstreamHosts.get(secure);
    if (host === undefined) this.#upstreamHosts.set(secure, host = this.#makeUpstreamHost(secure));
    return host;
  }

  #makeUpstreamHost(secure: Secure): ConnectionHost {
    const { host } = this;
    return {
      ...host,
      side: "client",
      secure,
      handler: UPSTREAM_SIDE,
      // Every byte passes the client's connection too: that one is idle when this one is, and is what is counted.
      limits: { ...host.limits, idleTimeoutMs: 0, firstFrameTimeoutMs: 0 },
      stats: { ...createStats(), errors: host.stats.errors },
      closed: () => {},
    };
  }
}

/** What becomes of the connections of clients: a session each, which is their relay. */
class ClientSide implements AnyHandler {
  readonly allowHalfOpen = true;
  readonly #proxy: Proxy;

  constructor(proxy: Proxy) {
    this.#proxy = proxy;
  }

  onConnect(client: unknown): void {
    new ProxySession(client as ServiceConnection, this.#proxy);
  }

  onEnd(client: unknown): void {
    sessionOf(client).clientEnded();
  }

  onBufferFull(client: unknown): void {
    sessionOf(client).upstream?.pause();
  }

  onBufferDrain(client: unknown): void {
    sessionOf(client).upstream?.resume();
  }

  onError(client: unknown, error: Error): void {
    sessionOf(client).clientFailed(error);
  }

  onClose(client: unknown): void {
    sessionOf(client).clientClosed();
  }
}

const UPSTREAM_SIDE: AnyHandler = {
  allowHalfOpen: true,
  onEnd: (upstream) => sessionOf(upstream).upstreamEnded(),
  onBufferFull: (upstream) => sessionOf(upstream).client.pause(),
  onBufferDrain: (upstream) => sessionOf(upstream).client.resume(),
  onClose: (upstream) => sessionOf(upstream).upstreamClosed(),
};

function sessionOf(connection: unknown): ProxySession {
  return (connection as ServiceConnection).relay as ProxySession;
}
