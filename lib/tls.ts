/**
 * TLS over any transport, by `node:tls`: for STARTTLS, for certificates chosen by name, and for clients' certificates,
 * none of which `Deno.listenTls` has.
 *
 * @module
 */

import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { ConnectionError } from "./connection_error.ts";
import { TransportDuplex } from "./duplex.ts";
import type { TlsSpec } from "./messages.ts";
import type { Secure, Transport } from "./transport.ts";

/** A certificate in PEM, with the names it is for. */
interface Identity {
  cert: string;
  key: string;
  names: readonly string[];
}

/** Certificates and authorities, read from their files. */
export interface TlsMaterial {
  identities: Identity[];
  clientCa?: string[];
  clientCertificate: TlsSpec["clientCertificate"];
}

/** How a client checks the server and shows itself. */
export interface ClientTls {
  /** The name to ask for and to check; the address's host where it is not given. */
  serverName?: string;
  /** Authorities to trust in place of the system's, in PEM. */
  caCerts?: string[];
  /** The client's own certificate chain and key, in PEM. */
  cert?: string;
  key?: string;
  /**
   * Take any certificate. For tests only.
   *
   * @default {false}
   */
  insecure?: boolean;
}

/** Reads the files of a service's `tls`. */
export async function readTlsFiles(spec: TlsSpec): Promise<TlsMaterial> {
  const identities = spec.certificates.map(async ({ cert, key, names }): Promise<Identity> => ({
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
    names: names ?? [],
  }));
  return {
    identities: await Promise.all(identities),
    clientCa: spec.clientCa && await Promise.all(spec.clientCa.map((file) => Deno.readTextFile(file))),
    clientCertificate: spec.clientCertificate,
  };
}

/** Makes the server's side of a handshake. */
export function secureServer(material: TlsMaterial, timeoutMs: number): Secure {
  const contexts = material.identities.map(({ cert, key, names }) => ({
    names: names.map((name) => name.toLowerCase()),
    context: createSecureContext({ cert, key, ca: material.clientCa }),
  }));
  const { cert, key } = material.identities[0];
  return async (transport, first) => {
    const socket = new TLSSocket(new TransportDuplex(transport, first), {
      isServer: true,
      cert,
      key,
      ca: material.clientCa,
      requestCert: material.clientCertificate !== "none",
      rejectUnauthorized: material.clientCertificate === "required",
      SNICallback: (name, done) => done(null, chooseContext(contexts, name)),
    });
    await handshake(socket, "secure", timeoutMs);
    return new TlsTransport(socket, transport);
  };
}

/** Makes the client's side of a handshake. */
export function secureClient(host: string, tls: ClientTls, timeoutMs: number): Secure {
  return async (transport, first) => {
    const socket = connect({
      socket: new TransportDuplex(transport, first),
      servername: tls.serverName ?? (/[:]|^[\d.]+$/.test(host) ? "" : host),
      host,
      ca: tls.caCerts,
      cert: tls.cert,
      key: tls.key,
      rejectUnauthorized: !tls.insecure,
    });
    await handshake(socket, "secureConnect", timeoutMs);
    return new TlsTransport(socket, transport);
  };
}

/** Settles when `completed` does; rejects with `tls_handshake` or `tls_handshake_timeout`. */
export async function inTime<T>(completed: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    if (timeoutMs === 0) return;
    timer = setTimeout(() => {
      const message = `Cannot complete the TLS handshake: nothing came of it in ${timeoutMs} ms`;
      reject(new ConnectionError("tls_handshake_timeout", message));
    }, timeoutMs);
  });
  try {
    return await Promise.race([completed, late]);
  } catch (cause) {
    if (cause instanceof ConnectionError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError("tls_handshake", `Cannot complete the TLS handshake: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function handshake(socket: TLSSocket, event: string, timeoutMs: number): Promise<void> {
  const completed = new Promise<void>((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
  try {
    await inTime(completed, timeoutMs);
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
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

/** A TLS socket as a transport. */
class TlsTransport implements Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #socket: TLSSocket;
  #left: Uint8Array | undefined;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, base: Transport) {
    this.#socket = socket;
    this.localAddr = base.localAddr;
    this.remoteAddr = base.remoteAddr;
    socket.on("readable", () => this.#awake());
    socket.on("end", () => {
      this.#ended = true;
      this.#awake();
    });
    socket.on("error", (error: Error) => this.#error ??= error);
    socket.on("close", () => {
      this.#ended = true;
      this.#awake();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk = this.#left ?? this.#socket.read() as Uint8Array | null;
      if (chunk !== null) {
        const count = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, count));
        this.#left = count < chunk.length ? chunk.subarray(count) : undefined;
        return count;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        return reject(this.#error ?? new Deno.errors.BrokenPipe("The TLS socket is closed"));
      }
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
