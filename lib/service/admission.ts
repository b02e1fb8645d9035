/**
 * Admits peers: counts and limits, then what comes before the protocol's first byte (a PROXY header, a TLS handshake).
 * Accepting never waits for that.
 *
 * @module
 */

import { addressOf } from "./address_counts.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { TransportName } from "../contract/connection.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { errorCode } from "../base/error_record.ts";
import type { Limits } from "../contract/limits.ts";
import type { TooMany } from "../spec/peer_keys.ts";
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
  /** Counts the connections. */
  counted: ConnectionLimits;
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
  /** How many sockets there are, those of closed connections that linger among them. */
  #sockets = 0;
  #emptyWaiters: (() => void)[] = [];
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Admits a peer that there is room for, or closes it and reports why. */
  admit(accepted: Accepted, serve: Serve): void {
    const { trustedProxies } = this.#options;
    const { transport } = accepted;
    this.#sockets++;
    if (trustedProxies?.has(transport.remoteAddr)) {
      return void this.#prepare(accepted, serve, { proxied: true });
    }
    const full = this.#options.counted.claim(transport.remoteAddr);
    if (full instanceof Promise) void this.#admitOnceClaimed(accepted, serve, full);
    else this.#admitClaimed(accepted, serve, full);
  }

  async #admitOnceClaimed(
    accepted: Accepted,
    serve: Serve,
    claim: Promise<TooMany | undefined>,
  ): Promise<void> {
    this.#preparing.add(accepted.transport);
    const full = await claim;
    this.#preparing.delete(accepted.transport);
    this.#admitClaimed(accepted, serve, full);
  }

  #admitClaimed(accepted: Accepted, serve: Serve, full: TooMany | undefined): void {
    const { transport, kind, secure } = accepted;
    if (full !== undefined) {
      this.#refuse(transport, full);
      closeQuietly(transport);
      return this.#left();
    }
    if (secure !== undefined || this.#closed) return void this.#prepare(accepted, serve, { proxied: false });
    this.#count();
    serve(this.#options.trustedProxies === undefined ? transport : new UntrustedTransport(transport), kind);
  }

  /** An admitted connection is closed for its handler; its socket may linger. */
  closed(): void {
    const { stats } = this.#options;
    stats.open--;
    stats.closed++;
    stats.lingering++;
  }

  #count(): void {
    const { stats } = this.#options;
    stats.accepted++;
    stats.open++;
  }

  /** The socket of a closed connection is closed too. */
  released(peer: { remoteAddr: Deno.Addr }): void {
    this.#options.counted.release(peer.remoteAddr);
    this.#options.stats.lingering--;
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
    for (const transport of this.#preparing) closeQuietly(transport);
  }

  async #prepare(accepted: Accepted, serve: Serve, { proxied }: { proxied: boolean }): Promise<void> {
    let { transport } = accepted;
    let claimed = !proxied;
    this.#count();
    this.#preparing.add(accepted.transport);
    try {
      if (proxied) {
        transport = await this.#takeHeader(transport);
        const full = await this.#options.counted.claim(transport.remoteAddr);
        claimed = full === undefined;
        if (full !== undefined) throw this.#refuse(transport, full);
      } else if (this.#options.trustedProxies !== undefined) transport = new UntrustedTransport(transport);
      if (accepted.secure !== undefined) transport = await accepted.secure(transport, undefined);
      if (this.#closed) {
        throw new ConnectionError("connection_closed", "Cannot serve: the service has stopped");
      }
      serve(transport, accepted.kind);
    } catch (error) {
      closeQuietly(accepted.transport);
      this.closed();
      if (claimed) this.#options.counted.release(transport.remoteAddr);
      this.#options.stats.lingering--;
      this.#left();
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

  /** Counts and reports a peer whose address has too many connections. */
  #refuse(peer: { remoteAddr: Deno.Addr }, { limit, address, most }: TooMany): void {
    this.#options.stats.refused++;
    this.#report(
      addressOf(peer.remoteAddr),
      new ConnectionError(
        "too_many_connections",
        `Cannot accept another connection from ${address}: ${most} are open, ${limit} is ${most}`,
      ),
    );
  }

  /** A socket is closed. */
  #left(): void {
    this.#sockets--;
    this.#options.counted.give();
    if (this.#sockets === 0) { for (const waiter of this.#emptyWaiters.splice(0)) waiter(); }
  }

  #report(remote: string, error: Error): void {
    const code = errorCode(error);
    countError(this.#options.stats, code);
    this.#options.report(remote, error, code);
  }
}
