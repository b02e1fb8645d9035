/**
 * Admits peers: counts and limits, then what comes before the protocol's first byte (a PROXY header, a TLS handshake).
 * Accepting never waits for that.
 *
 * @module
 */

import { AddressCounts, addressOf } from "./address_counts.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { TransportName } from "../contract/connection.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { errorCode } from "../base/error_record.ts";
import type { Limits } from "../contract/limits.ts";
import type { Accepted } from "../transport/listener.ts";
import { isPeerLeft } from "../transport/peer_left.ts";
import { takeProxyHeader, type TrustedProxies, UntrustedTransport } from "../transport/proxied_transport.ts";
import { ProxyHeaderError } from "../transport/proxy_header.ts";
import { settleWithin } from "../base/settle.ts";
import { countError, type ServiceStats } from "../contract/stats.ts";
import { closeQuietly, type Transport } from "../transport/transport.ts";

/** Options of {@linkcode Admission}. */
export interface AdmissionOptions {
  limits: Limits;
  stats: ServiceStats;
  /** Proxies whose connections start with a PROXY header; undefined for none. */
  trustedProxies?: TrustedProxies;
  /** Called with the error of a peer that has no connection yet, after it was counted. */
  report(remote: string, error: Error, code: string): void;
}

/** Serves an admitted peer. */
export type Serve = (transport: Transport, kind: TransportName) => void;

/** The admission of one service instance. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #preparing: Set<Transport> = new Set();
  readonly #addresses: AddressCounts;
  #roomWaiters: (() => void)[] = [];
  #emptyWaiters: (() => void)[] = [];
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#addresses = new AddressCounts(options.limits);
  }

  /** Whether `maxConnections` have sockets. */
  get isFull(): boolean {
    return this.#sockets >= this.#options.limits.maxConnections;
  }

  /** Settles when a connection has closed, or when accepting has ended. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Wakes accept loops that wait for room. */
  dismiss(): void {
    for (const waiter of this.#roomWaiters.splice(0)) waiter();
  }

  /** Admits a peer, or closes it and reports why. */
  admit(accepted: Accepted, serve: Serve): void {
    const { stats, trustedProxies } = this.#options;
    const { transport } = accepted;
    const proxied = trustedProxies?.has(transport.remoteAddr) ?? false;
    if (!proxied && !this.#claim(transport)) return closeQuietly(transport);
    stats.accepted++;
    stats.open++;
    if (proxied || accepted.secure !== undefined) this.#prepare(accepted, serve, proxied);
    else serve(trustedProxies === undefined ? transport : new UntrustedTransport(transport), accepted.kind);
  }

  /** An admitted connection is closed for its handler; its socket may linger. */
  closed(): void {
    const { stats } = this.#options;
    stats.open--;
    stats.closed++;
    stats.lingering++;
  }

  /** The socket of a closed connection is closed too. */
  released(peer: { remoteAddr: Deno.Addr }): void {
    this.#addresses.release(peer.remoteAddr);
    this.#left();
  }

  /** Settles when no connection has a socket any more. */
  empty(): Promise<void> {
    if (this.#sockets === 0) return Promise.resolve();
    return new Promise<void>((resolve) => this.#emptyWaiters.push(resolve));
  }

  /** As {@linkcode empty}, but at most for a time. */
  async emptyWithin(timeoutMs: number): Promise<void> {
    if (this.#sockets === 0 || timeoutMs <= 0) return;
    await settleWithin(this.empty(), timeoutMs);
  }

  /** Closes peers that are not admitted yet. */
  close(): void {
    this.#closed = true;
    this.dismiss();
    for (const transport of this.#preparing) closeQuietly(transport);
  }

  async #prepare(accepted: Accepted, serve: Serve, proxied: boolean): Promise<void> {
    let { transport } = accepted;
    let claimed = !proxied;
    this.#preparing.add(accepted.transport);
    try {
      if (proxied) {
        transport = await this.#takeHeader(transport);
        claimed = this.#claim(transport);
        if (!claimed) throw undefined;
      } else if (this.#options.trustedProxies !== undefined) transport = new UntrustedTransport(transport);
      if (accepted.secure !== undefined) transport = await accepted.secure(transport, undefined);
      if (this.#closed) {
        throw new ConnectionError("connection_closed", "Cannot serve: the service has stopped");
      }
      serve(transport, accepted.kind);
    } catch (error) {
      closeQuietly(accepted.transport);
      this.closed();
      if (claimed) this.released(transport);
      else this.#left();
      if (error !== undefined && !isPeerLeft(error)) {
        this.#report(formatAddr(transport.remoteAddr), error as Error);
      }
    } finally {
      this.#preparing.delete(accepted.transport);
    }
  }

  /** Reads the header, within the time of a handshake. */
  async #takeHeader(transport: Transport): Promise<Transport> {
    const { tlsHandshakeTimeoutMs } = this.#options.limits;
    let isLate = false;
    const timer = tlsHandshakeTimeoutMs === 0 ? undefined : setTimeout(() => {
      isLate = true;
      closeQuietly(transport);
    }, tlsHandshakeTimeoutMs);
    try {
      return await takeProxyHeader(transport);
    } catch (error) {
      if (!isLate) throw error;
      throw new ProxyHeaderError(`Cannot read a PROXY header: none came within ${tlsHandshakeTimeoutMs} ms`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Counts a peer for its address. False, and reported, if that address has too many. */
  #claim(peer: { remoteAddr: Deno.Addr }): boolean {
    const full = this.#addresses.claim(peer.remoteAddr);
    if (full === undefined) return true;
    const { limit, address, most } = full;
    this.#options.stats.refused++;
    this.#report(
      addressOf(peer.remoteAddr),
      new ConnectionError(
        "too_many_connections",
        `Cannot accept another connection from ${address}: ${most} are open, ${limit} is ${most}`,
      ),
    );
    return false;
  }

  get #sockets(): number {
    const { open, lingering } = this.#options.stats;
    return open + lingering;
  }

  #left(): void {
    this.#options.stats.lingering--;
    this.#roomWaiters.shift()?.();
    if (this.#sockets === 0) { for (const waiter of this.#emptyWaiters.splice(0)) waiter(); }
  }

  #report(remote: string, error: Error): void {
    const code = errorCode(error);
    countError(this.#options.stats, code);
    this.#options.report(remote, error, code);
  }
}
