/**
 * How a proxied service is configured, as a JSON value that travels to the workers.
 *
 * @module
 */

/** How long connecting to an upstream may take, unless the configuration says otherwise. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

/** What a proxied connection does when its bytes make no frame. */
export type OnBadFrame = "close" | "passthrough";

/** How TLS towards an upstream is done. */
export interface UpstreamTlsSpec {
  /** Whether the upstream's certificate is checked. */
  verify: boolean;
  /** The name to ask for and to check, in place of the address's host. */
  serverName?: string;
  /** Files of authorities to trust in place of the system's. */
  ca?: string[];
  /** File of the certificate chain that this side shows. */
  cert?: string;
  /** File of its private key. */
  key?: string;
}

/** The servers behind a service, and how they are reached. */
export interface ProxySpec {
  /** Addresses; at least one. */
  upstream: string[];
  /** `first`: in order, the next only when one is not there. `round-robin`: each connection begins with another. */
  balance: "first" | "round-robin";
  /** How long connecting to an upstream may take, TLS included. */
  connectTimeoutMs: number;
  /** The version of the PROXY header that tells an upstream the client's address. */
  sendProxyProtocol?: 1 | 2;
  /** What becomes of a connection whose bytes make no frame. */
  onBadFrame: OnBadFrame;
  /** How TLS towards the upstreams is done. */
  tls: UpstreamTlsSpec;
}
