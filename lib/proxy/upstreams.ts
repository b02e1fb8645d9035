/**
 * The upstreams of a proxy: in which order they are tried, and how they are reached.
 *
 * @module
 */

import type { TransportName } from "../contract/connection.ts";
import { dial, type DialError } from "../transport/dial.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../contract/endpoint.ts";
import { secureClient } from "../transport/secure_client.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import type { Secure, Transport } from "../transport/transport.ts";
import { formatProxyHeader } from "../transport/proxy_header.ts";

/** How upstreams are reached. */
export interface UpstreamOptions {
  /** At least one; each `tcp`, `tls`, `unix` or `udp`. */
  addresses: string[];
  /** `first`: in order. `round-robin`: each connection starts with the next one. */
  balance: "first" | "round-robin";
  connectTimeoutMs: number;
  /** How TLS is done, at a `tls` address and after an upgrade. */
  tls: ClientTls;
  /** Tell the upstream the client's address. */
  sendProxyProtocol?: 1 | 2;
  /** How long a handshake may take that an upgrade asks for. */
  tlsHandshakeTimeoutMs: number;
  /** Milliseconds on a scale that does not go back. @default {performance.now} */
  now?(): number;
  /** Called when one of several upstreams is tried last from now on (`error` tells why), or in its turn again. */
  turned?(upstream: string, error: DialError | undefined): void;
}

/** How long one of several upstreams is tried last after it could not be reached. */
export const REST_MS = 10_000;

/** A connection to an upstream, just made. */
export interface Reached {
  transport: Transport;
  kind: TransportName;
  /** How TLS is started on it when both ends agree to. */
  secure: Secure;
}

interface Upstream {
  endpoint: Endpoint;
  secure: Secure;
  /** Until when it is tried last, in milliseconds since the epoch; 0 if it is tried in its turn. */
  restsUntil: number;
}

/** The upstreams of one service. */
export class Upstreams {
  readonly #upstreams: Upstream[];
  readonly #options: UpstreamOptions;
  #next = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#upstreams = options.addresses.map(parseEndpoint).map((endpoint) => ({
      endpoint,
      restsUntil: 0,
      secure: secureClient(
        endpoint.transport === "unix" ? "localhost" : endpoint.hostname,
        options.tls,
        options.tlsHandshakeTimeoutMs,
      ),
    }));
  }

  /** Whose turn it is by `round-robin`, where connections are counted elsewhere: the one's of this number, from 0. */
  set turn(number: number) {
    this.#next = number;
  }

  /**
   * Connects to the first upstream that can be reached. Those that could not be reached a moment ago are tried last, so
   * that not every client waits for them.
   *
   * @throws {DialError} The last one's, if none is.
   */
  async reach(
    client: { remoteAddr: Deno.Addr; localAddr: Deno.Addr },
    signal: AbortSignal,
  ): Promise<Reached> {
    const { sendProxyProtocol: version, connectTimeoutMs: timeoutMs, tls } = this.#options;
    const preface = version && formatProxyHeader(version, client.remoteAddr, client.localAddr);
    const upstreams = this.#inTurn();
    for (const [index, upstream] of upstreams.entries()) {
      const { endpoint, secure } = upstream;
      try {
        const transport = await dial(endpoint, { timeoutMs, signal, tls, preface });
        this.#turn(upstream, undefined);
        return { transport, kind: endpoint.transport, secure };
      } catch (error) {
        const { code } = error as DialError;
        if (code !== "connect_aborted") this.#turn(upstream, error as DialError);
        if (index === upstreams.length - 1 || code === "connect_aborted") throw error;
      }
    }
    throw new TypeError("Cannot connect: there are no upstreams");
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  /** All upstreams in the order in which they are tried now. */
  #inTurn(): Upstream[] {
    const all = this.#upstreams;
    if (all.length === 1) return all;
    const first = this.#options.balance === "round-robin" ? this.#next++ % all.length : 0;
    const turned = [...all.slice(first), ...all.slice(0, first)];
    const now = this.#now();
    const rests = ({ restsUntil }: Upstream) => restsUntil > now;
    return [...turned.filter((upstream) => !rests(upstream)), ...turned.filter(rests)];
  }

  /** Notes whether one of several upstreams was reached. */
  #turn(upstream: Upstream, error: DialError | undefined): void {
    if (this.#upstreams.length === 1) return;
    const { endpoint, restsUntil } = upstream;
    upstream.restsUntil = error === undefined ? 0 : this.#now() + REST_MS;
    if ((restsUntil > 0) !== (error !== undefined)) this.#options.turned?.(formatEndpoint(endpoint), error);
  }
}
