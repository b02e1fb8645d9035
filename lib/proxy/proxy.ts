/**
 * A service that stands before another server: what all its connections have in common.
 *
 * @module
 */

import type { ConnectionHost } from "../connection/connection.ts";
import type { AnyProtocol, Codec, Direction } from "../contract.ts";
import { skip } from "../contract.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import { createStats } from "../stats.ts";
import { ProxySession } from "./session.ts";
import type { OnBadFrame } from "./spec.ts";
import type { Upstreams } from "./upstreams.ts";

/** How a proxy works. */
export interface ProxyOptions {
  upstreams: Upstreams;
  onBadFrame: OnBadFrame;
  hooks?: HookSet;
}

type UpstreamSide = Pick<ConnectionHost, "side" | "limits" | "stats" | "closed">;

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
  #upstreamSide: UpstreamSide | undefined;

  constructor(protocol: AnyProtocol, options: ProxyOptions) {
    this.protocol = protocol;
    this.options = options;
    const { hooks } = options;
    this.observed = { in: hooks?.observes("in") ?? false, out: hooks?.observes("out") ?? false };
    const observed = this.observed.in || this.observed.out;
    // A protocol that keeps a session or changes under way must see both directions to know where it is.
    const stateful = protocol.session !== undefined || protocol.upgrade !== undefined;
    const mayMatter = observed && (hooks!.mayReply || protocol.upgrade !== undefined);
    this.counts = mayMatter && protocol.answers !== undefined;
    const all = observed && (stateful || this.counts);
    this.framed = {
      in: all || this.observed.in,
      out: all || this.observed.out,
    };
  }

  /** What the upstream connections of a listener have in common. */
  upstreamSide(base: ConnectionHost): UpstreamSide {
    return this.#upstreamSide ??= {
      side: "client",
      // Every byte passes the client's connection too: that one is idle when this one is, and is what is counted.
      limits: { ...base.limits, idleTimeoutMs: 0, firstFrameTimeoutMs: 0 },
      stats: { ...createStats(), errors: base.stats.errors },
      closed: () => {},
    };
  }

  /** The surroundings of a new client connection; its upstream connection follows as soon as it runs. */
  host(base: ConnectionHost): ConnectionHost {
    return new ProxySession(this, base).clientHost;
  }
}

/** Cuts nothing: what has come goes on as it is. */
export const RELAY: Codec<never> = {
  input: (buffer) => buffer.length,
  decode: () => skip,
  encode: (message) => message,
};
