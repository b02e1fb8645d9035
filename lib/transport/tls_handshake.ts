/**
 * TLS handshakes over any transport, by `node:tls`. `Deno.listenTls` offers no STARTTLS, no choice of certificate by
 * name (SNI) and no client certificates, and it leaks the socket of a peer that never completes its handshake.
 *
 * @module
 */

import { connect, createSecureContext, createServer, type SecureContext, type TLSSocket } from "node:tls";
import { isIP } from "node:net";
import { ConnectionError } from "../contract/connection_error.ts";
import { TransportDuplex } from "./duplex.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import { PeerLeftError } from "./peer_left.ts";
import type { TlsMaterial } from "./tls_files.ts";
import { TlsTransport } from "./tls_transport.ts";
import type { Secure } from "./transport.ts";

/** How long a handshake may still take after the peer has ended its half. */
const AFTER_END_MS = 100;

/** The server's side of a handshake. */
export function serverHandshake(material: TlsMaterial, timeoutMs: number): Secure {
  const { clientCa: ca, clientCertificate } = material;
  const contexts = material.identities.map(({ cert, key, names }) => ({
    names: names.map((name) => name.toLowerCase()),
    context: createSecureContext({ cert, key, ca }),
  }));
  const { cert, key } = material.identities[0];
  const options = {
    cert,
    key,
    ca,
    requestCert: clientCertificate !== "none",
    rejectUnauthorized: clientCertificate === "required",
    // Without a context Deno aborts the handshake.
    SNICallback: (name: string, done: (error: null, context: SecureContext) => void) =>
      done(null, chooseContext(contexts, name)),
  };
  return async (transport, first) => {
    const duplex = new TransportDuplex(transport, first);
    const socket = await handshake(duplex, timeoutMs, (resolve, reject) => {
      // A server for one connection: a bare TLSSocket would accept any client certificate.
      const server = createServer(options, resolve);
      server.on("tlsClientError", reject);
      server.emit("connection", duplex);
    });
    if (!socket.authorized && clientCertificate === "optional" && socket.getPeerCertificate()?.raw) {
      socket.destroy();
      throw new ConnectionError(
        "tls_handshake",
        "Cannot complete the TLS handshake: the client's certificate is not trusted",
      );
    }
    return new TlsTransport(socket, duplex, transport);
  };
}

/** The client's side of a handshake. */
export function clientHandshake(host: string, tls: ClientTls, timeoutMs: number): Secure {
  return async (transport, first) => {
    const duplex = new TransportDuplex(transport, first);
    const socket = await handshake(duplex, timeoutMs, (resolve, reject) => {
      const connecting = connect({
        socket: duplex,
        // SNI takes no IP addresses (RFC 6066, section 3).
        servername: tls.serverName ?? (isIP(host) ? "" : host),
        host,
        ca: tls.caCerts,
        cert: tls.cert,
        key: tls.key,
        rejectUnauthorized: !tls.insecure,
      });
      connecting.once("secureConnect", () => resolve(connecting));
      connecting.on("error", reject);
    });
    return new TlsTransport(socket, duplex, transport);
  };
}

/** Runs a handshake over a duplex; destroys the duplex if it fails or times out. */
async function handshake(
  duplex: TransportDuplex,
  timeoutMs: number,
  start: (resolve: (socket: TLSSocket) => void, reject: (error: Error) => void) => void,
): Promise<TLSSocket> {
  const timers: ReturnType<typeof setTimeout>[] = [];
  try {
    return await new Promise<TLSSocket>((resolve, reject) => {
      start(resolve, reject);
      // Deno reports nothing when the peer ends during the handshake. What it sent before may still complete it.
      duplex.once("end", () => {
        timers.push(setTimeout(() => reject(new Error("the peer ended the stream")), AFTER_END_MS));
      });
      duplex.on("error", reject);
      duplex.on("close", () => reject(new Error("the connection was closed")));
      if (timeoutMs === 0) return;
      const late = `Cannot complete the TLS handshake: not complete after ${timeoutMs} ms`;
      timers.push(setTimeout(() => reject(new ConnectionError("tls_handshake_timeout", late)), timeoutMs));
    });
  } catch (cause) {
    duplex.destroy();
    if (cause instanceof ConnectionError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError("tls_handshake", `Cannot complete the TLS handshake: ${why}`, {
      cause: duplex.hasRead ? cause : new PeerLeftError({ cause }),
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function chooseContext(
  contexts: { names: readonly string[]; context: SecureContext }[],
  asked: string,
): SecureContext {
  const name = asked.toLowerCase();
  const wildcard = name.replace(/^[^.]+/, "*");
  const match = contexts.find(({ names }) => names.includes(name)) ??
    contexts.find(({ names }) => names.includes(wildcard));
  return (match ?? contexts[0]).context;
}
