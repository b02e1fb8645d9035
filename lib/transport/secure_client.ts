/**
 * TLS as a client, loaded when it is asked for: Node's takes a good part of the time in which a service could have started
 * that does none.
 *
 * @module
 */

import type { ClientTls } from "./tls.ts";
import type { Secure } from "./transport.ts";

/** Makes the client's side of a handshake. */
export function secureClient(host: string, tls: ClientTls, timeoutMs: number): Secure {
  return async (transport, first) => {
    const loaded = await import("./tls.ts");
    return await loaded.secureClient(host, tls, timeoutMs)(transport, first);
  };
}
