/**
 * The listeners of a service, and its accept loops.
 *
 * Accepting goes on until the acceptor is closed. What can fail: the system is out of descriptors or memory (pause, then
 * go on), a peer has gone before it was accepted (go on), a TLS handshake fails or takes too long (that peer is closed;
 * accepting never waits for it), a limit is reached (accepting pauses, or that peer is closed).
 *
 * @module
 */

import { Admission, type Serve } from "./admission.ts";
import { type ConnectionLimits, OwnConnectionLimits } from "./connection_limits.ts";
import { DatagramReports } from "./datagram_reports.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import type { Limits } from "../contract/limits.ts";
import type { TrustedProxies } from "../transport/proxied_transport.ts";
import { countError, type ServiceStats } from "../contract/stats.ts";
import { closeQuietly } from "../transport/transport.ts";
import { type Accepted, bind, type BindOptions, type Listener } from "../transport/listener.ts";

/** How long accepting pauses when the system is out of descriptors or memory. */
const ACCEPT_RETRY_MS = 100;

/** What a service gives its acceptor. */
export interface AcceptorOptions {
  limits: Limits;
  /** Counts its connections where that is not done here. */
  counted?: ConnectionLimits;
  stats: ServiceStats;
  log: ServiceContext["log"];
  /** Proxies that are trusted to tell a client's address (PROXY protocol). */
  trustedProxies?: TrustedProxies;
  /** Mode of its unix sockets. */
  mode?: number;
}

/** An address, and what serves the peers that are admitted there. */
export interface Opening {
  endpoint: Endpoint;
  serve: Serve;
  /** See {@linkcode BindOptions.keepAlive}. */
  keepAlive?: boolean;
}

/** The acceptor of one service instance. */
export class Acceptor {
  readonly admission: Admission;
  readonly #options: AcceptorOptions;
  readonly #counted: ConnectionLimits;
  #listeners: Listener[] = [];
  /** The accept loops; each settles once its listener is closed. */
  #accepting: Promise<void>[] = [];
  readonly #datagrams: DatagramReports;

  constructor(options: AcceptorOptions) {
    const { limits, stats, trustedProxies, log } = options;
    this.#options = options;
    this.#counted = options.counted ?? new OwnConnectionLimits(limits);
    this.#datagrams = new DatagramReports(options);
    this.admission = new Admission({
      limits,
      counted: this.#counted,
      stats,
      trustedProxies,
      report: (remote, error, code) =>
        log.warn("Peer {remote}: {code}: {error}", { remote, code, error: error.message }),
    });
  }

  /** Binds every address or none, and accepts. Returns the bound endpoints, with their real ports. */
  async open(
    openings: readonly Opening[],
    options: Pick<BindOptions, "secure" | "reusePort" | "exclusive">,
  ): Promise<Endpoint[]> {
    const { mode } = this.#options;
    const dropped = (from: Deno.Addr) => this.#datagrams.dropped(from);
    const listeners: Listener[] = [];
    try {
      for (const { endpoint, keepAlive } of openings) {
        listeners.push(await bind(endpoint, { ...options, mode, dropped, keepAlive }));
      }
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    this.#listeners = listeners;
    this.#counted.open();
    for (const { endpoint, evict } of listeners) if (evict !== undefined) this.#datagrams.watch(endpoint);
    this.#accepting = listeners.map((listener, index) => this.#accept(listener, openings[index].serve));
    return listeners.map(({ endpoint }) => endpoint);
  }

  /** Closes the listeners. */
  async close(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    this.#datagrams.close();
    this.#counted.dismiss();
    // A peer that was accepted just before is served, not lost.
    await Promise.all(this.#accepting);
  }

  /** Takes a connection that was accepted elsewhere. */
  admit(accepted: Accepted, serve: Serve): void {
    this.#counted.overtake();
    this.admission.admit(accepted, serve);
  }

  /** Waits until there is room for a peer; false if there is none any more. Over UDP another one gives way instead. */
  async #room(listener: Listener, accepted: Accepted): Promise<boolean> {
    const { transport } = accepted;
    if (listener.evict !== undefined) {
      if (await this.#counted.takeMore()) return true;
      if (!this.#makeRoom(listener, accepted)) return false;
      this.#counted.overtake();
      return true;
    }
    const isRoom = await this.#counted.wait();
    if (!isRoom) closeQuietly(transport);
    return isRoom;
  }

  /** Closes another connection for a new one; the new one, if there is no other. */
  #makeRoom(listener: Listener, { transport }: Accepted): boolean {
    const isRoom = listener.evict?.(transport) ?? false;
    if (!isRoom) transport.close();
    this.#datagrams.evicted(listener.endpoint, isRoom ? "closed" : "refused");
    return isRoom;
  }

  async #accept(listener: Listener, serve: Serve): Promise<void> {
    const { stats, log } = this.#options;
    while (this.#listeners.includes(listener)) {
      try {
        const accepted = await listener.accept();
        if (this.#counted.take() || await this.#room(listener, accepted)) {
          this.admission.admit(accepted, serve);
        }
      } catch (error) {
        if (!this.#listeners.includes(listener)) return;
        countError(stats, "accept_failed");
        log.error("Cannot accept at {address}: {error}; retrying", {
          address: formatEndpoint(listener.endpoint),
          error: String(error),
        });
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }
}
