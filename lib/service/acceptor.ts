/**
 * Where a service lets its peers in: its listeners, and who of those that come is admitted.
 *
 * Accepting goes on until the acceptor is closed. What can fail in it: the system has no more descriptors or memory (wait,
 * go on), a peer is gone before it was accepted (go on), a TLS handshake fails or takes too long (that peer is closed,
 * accepting never waits for it), the limits are reached (accepting pauses, or that peer is closed).
 *
 * @module
 */

import { Admission, type Serve } from "./admission.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { type Endpoint, formatAddr, formatEndpoint } from "../contract/endpoint.ts";
import type { Limits } from "../contract/limits.ts";
import type { TrustedProxies } from "../transport/proxied_transport.ts";
import { countError, type ServiceStats } from "../contract/stats.ts";
import { bind, type BindOptions, type Listener } from "../transport/listener.ts";

/** How long accepting rests when the system has no means for another connection. */
const ACCEPT_RETRY_MS = 100;

/** What a service gives its acceptor. */
export interface AcceptorOptions {
  limits: Limits;
  stats: ServiceStats;
  log: ServiceContext["log"];
  /** Whose word on a client's address is taken (PROXY protocol). */
  trustedProxies?: TrustedProxies;
  /** Permissions of its unix sockets. */
  mode?: number;
}

/** An address, and what takes the peers that are admitted there. */
export interface Opening {
  endpoint: Endpoint;
  serve: Serve;
}

/** The acceptor of one service instance. */
export class Acceptor {
  readonly admission: Admission;
  readonly #options: AcceptorOptions;
  #listeners: Listener[] = [];
  /** The accept loops; each settles once its listener is closed. */
  #accepting: Promise<void>[] = [];

  constructor(options: AcceptorOptions) {
    const { limits, stats, trustedProxies, log } = options;
    this.#options = options;
    this.admission = new Admission({
      limits,
      stats,
      trustedProxies,
      report: (remote, error, code) =>
        log.warn("Peer {remote}: {code}: {error}", { remote, code, error: error.message }),
    });
  }

  /** Binds every address or none, and accepts. Answers the endpoints bound, with their real ports. */
  async open(
    openings: readonly Opening[],
    options: Pick<BindOptions, "secure" | "reusePort" | "exclusive">,
  ): Promise<Endpoint[]> {
    const { stats, log, mode } = this.#options;
    const dropped = (from: Deno.Addr) => {
      countError(stats, "datagram_dropped");
      log.warn("Dropped a datagram from {remote}: its connection is busy", { remote: formatAddr(from) });
    };
    const listeners: Listener[] = [];
    try {
      for (const { endpoint } of openings) {
        listeners.push(await bind(endpoint, { ...options, mode, dropped }));
      }
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    this.#listeners = listeners;
    this.#accepting = listeners.map((listener, index) => this.#accept(listener, openings[index].serve));
    return listeners.map(({ endpoint }) => endpoint);
  }

  /** Closes the listeners. */
  async close(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    this.admission.dismiss();
    // A peer may have been accepted already that nobody has been told of: it is to be served, not lost.
    await Promise.all(this.#accepting);
  }

  async #accept(listener: Listener, serve: Serve): Promise<void> {
    const { stats, log } = this.#options;
    while (this.#listeners.includes(listener)) {
      if (this.admission.isFull) {
        await this.admission.room();
        continue;
      }
      try {
        this.admission.admit(await listener.accept(), serve);
      } catch (error) {
        if (!this.#listeners.includes(listener)) return;
        countError(stats, "accept_failed");
        log.error("Cannot accept at {address}: {error}; trying again", {
          address: formatEndpoint(listener.endpoint),
          error: String(error),
        });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }
}
