/**
 * TLS of a client, as `connect` and upstreams take it.
 *
 * @module
 */

/** How a client checks the server and shows itself. */
export interface ClientTls {
  /** The name to ask for and to check; the address's host where it is not given. */
  serverName?: string;
  /** Authorities to trust in place of the system's, in PEM. */
  caCerts?: string[];
  /** The client's own certificate chain, in PEM. */
  cert?: string;
  /** The key of the client's own certificate, in PEM. */
  key?: string;
  /**
   * Take any certificate. For tests only.
   *
   * @default {false}
   */
  insecure?: boolean;
}
