/**
 * A service that stands before another server: what all its connections have in common.
 *
 * @module
 */

import type { ConnectionHost } from "../connection/connection_host.ts";
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
  /** Whether requests and answers are counted: for what hooks say in their place, and for what comes behind a STARTTLS. */
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
    this.host = {
      ...base,
      protocol: skimming(protocol, this.observed),
      handler: {},
      relay: (client) => new ProxySession(client, this),
    };
    const observed = this.observed.in || this.observed.out;
    // A protocol that keeps a session or changes under way must see both directions to know where it is.
    const stateful = protocol.session !== undefined || protocol.upgrade !== undefined;
    const { answers, upgrade, withdrawn, ambiguous } = protocol;
    // What goes to the upstream in place of a request that a hook refuses has an answer of its own.
    const mayRefuse = this.observed.in && (withdrawn !== undefined || ambiguous !== undefined);
    this.counts = observed && answers !== undefined &&
      (hooks!.guards || upgrade !== undefined || mayRefuse);
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
      // Its relay is that of its client.
      relay: undefined,
      // Every byte passes the client's connection too: that one is idle when this one is, and is what is counted.
      limits: Object.freeze({ ...host.limits, idleTimeoutMs: 0, firstFrameTimeoutMs: 0 }),
      stats: { ...createStats(), errors: host.stats.errors },
      closed: () => {},
      released: () => {},
    };
  }
}
