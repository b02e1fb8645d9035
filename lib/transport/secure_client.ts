/**
 * TLS as a client, with `node:tls` loaded on first use: loading it would slow the start of services without TLS.
 *
 * @module
 */

import type { ClientTls } from "../contract/client_tls.ts";
import type { Secure } from "./transport.ts";

/** The client's side of a handshake. */
export function secureClient(host: string, tls: ClientTls, timeoutMs: number): Secure {
  return async (transport, first) => {
    const { clientHandshake } = await import("./tls_handshake.ts");
    return await clientHandshake(host, tls, timeoutMs)(transport, first);
  };
}
