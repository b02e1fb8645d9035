/**
 * The real servers behind a proxy: which one is tried when, and how it is reached.
 *
 * @module
 */

import type { TransportName } from "../contract.ts";
import { dial, type DialError } from "../transport/dial.ts";
import { type Endpoint, parseEndpoint } from "../endpoint.ts";
import { secureClient } from "../transport/secure_client.ts";
import type { ClientTls } from "../transport/tls.ts";
import type { Secure, Transport } from "../transport/transport.ts";
import { formatProxyHeader } from "./proxy_protocol.ts";

/** How upstreams are reached. */
export interface UpstreamOptions {
  /** At least one; each `tcp`, `tls`, `unix` or `udp`. */
  addresses: string[];
  /** `first`: in order, the next only when one is not there. `round-robin`: each connection begins with another. */
  balance: "first" | "round-robin";
  connectTimeoutMs: number;
  /** How TLS is done, at a `tls` address and after an upgrade. */
  tls: ClientTls;
  /** Tell the upstream the client's address. */
  sendProxyProtocol?: 1 | 2;
  /** How long a handshake may take that an upgrade asks for. */
  tlsHandshakeTimeoutMs: number;
}

/** A connection to an upstream, just made. */
export interface Reached {
  transport: Transport;
  kind: TransportName;
  /** How TLS is started on it when both ends agree to. */
  secure: Secure;
}

/** The upstreams of one service. */
export class Upstreams {
  readonly #endpoints: { endpoint: Endpoint; secure: Secure }[];
  readonly #options: UpstreamOptions;
  #next = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#endpoints = options.addresses.map(parseEndpoint).map((endpoint) => ({
      endpoint,
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
   * Connects to the first upstream that is there.
   *
   * @throws {DialError} The last one's, if none is.
   */
  async reach(
    client: { remoteAddr: Deno.Addr; localAddr: Deno.Addr },
    signal: AbortSignal,
  ): Promise<Reached> {
    const { balance, sendProxyProtocol: version, connectTimeoutMs: timeoutMs, tls } = this.#options;
    const first = balance === "round-robin" ? this.#next++ % this.#endpoints.length : 0;
    const preface = version && formatProxyHeader(version, client.remoteAddr, client.localAddr);
    for (let tried = 1;; tried++) {
      const { endpoint, secure } = this.#endpoints[(first + tried - 1) % this.#endpoints.length];
      try {
        const transport = await dial(endpoint, { timeoutMs, signal, tls, preface });
        return { transport, kind: endpoint.transport, secure };
      } catch (error) {
        const { code } = error as DialError;
        if (tried === this.#endpoints.length || code === "connect_aborted") throw error;
      }
    }
  }
}
