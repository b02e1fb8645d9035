/**
 * TLS over any transport, by `node:tls`. `Deno.listenTls` has neither STARTTLS nor certificates chosen by name nor
 * clients' certificates, and it cannot get rid of a peer that never completes its handshake: closing such a connection
 * leaves its socket open.
 *
 * @module
 */

import { connect, createSecureContext, createServer, type SecureContext, type TLSSocket } from "node:tls";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { ConnectionError } from "../contract/connection_error.ts";
import { TransportDuplex } from "./duplex.ts";
import type { TlsSpec } from "../spec/tls_spec.ts";
import type { Secure, Transport } from "./transport.ts";

/**
 * While more than this waits to be read, decrypted, nothing more is taken from the wire. One more chunk, and the rest of a
 * record that it completes, stay below the 64 KiB from which on the socket would stop by itself: an end of the stream that
 * comes then is lost.
 */
const MAX_WAITING_BYTES = 24 * 1024;
/** How long a handshake may still take to complete when the peer has ended its half. */
const AFTER_END_MS = 100;

/** A certificate or key that cannot be used; `code` is `bad_tls_file`. */
export class TlsFileError extends TypeError {
  override readonly name = "TlsFileError";
  readonly code = "bad_tls_file";
}

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

/**
 * Reads the files of a service's `tls`.
 *
 * @throws {TlsFileError} If one is not what it should be, or a key is another certificate's.
 */
export async function readTlsFiles(spec: TlsSpec): Promise<TlsMaterial> {
  const identities = spec.certificates.map(async (files): Promise<Identity> => {
    const [cert, key] = [await Deno.readTextFile(files.cert), await Deno.readTextFile(files.key)];
    const certificate = parsed("certificate", files.cert, () => new X509Certificate(cert));
    const secret = parsed("private key", files.key, () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(secret)) {
      throw new TlsFileError(
        `Cannot use the key ${files.key}: it is not that of the certificate ${files.cert}`,
      );
    }
    return { cert, key, names: files.names ?? namesIn(certificate) };
  });
  return {
    identities: await Promise.all(identities),
    clientCa: spec.clientCa && await Promise.all(spec.clientCa.map((file) => Deno.readTextFile(file))),
    clientCertificate: spec.clientCertificate,
  };
}

/** Makes the server's side of a handshake. */
export function secureServer(material: TlsMaterial, timeoutMs: number): Secure {
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
    // Must always answer with a context, or Deno ends the handshake.
    SNICallback: (name: string, done: (error: null, context: SecureContext) => void) =>
      done(null, chooseContext(contexts, name)),
  };
  return async (transport, first) => {
    const duplex = new TransportDuplex(transport, first);
    const socket = await handshake(duplex, timeoutMs, (resolve, reject) => {
      // A server for one connection, because a TLSSocket of its own lets any client's certificate pass.
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

/** Makes the client's side of a handshake. */
export function secureClient(host: string, tls: ClientTls, timeoutMs: number): Secure {
  return async (transport, first) => {
    const duplex = new TransportDuplex(transport, first);
    const socket = await handshake(duplex, timeoutMs, (resolve, reject) => {
      const connecting = connect({
        socket: duplex,
        // An IP address is no name to ask for (RFC 6066, section 3).
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

/** Runs a handshake over a duplex; destroys the duplex if it fails or takes too long. */
async function handshake(
  duplex: TransportDuplex,
  timeoutMs: number,
  start: (resolve: (socket: TLSSocket) => void, reject: (error: Error) => void) => void,
): Promise<TLSSocket> {
  const timers: ReturnType<typeof setTimeout>[] = [];
  try {
    return await new Promise<TLSSocket>((resolve, reject) => {
      start(resolve, reject);
      // Deno's TLS says nothing when the peer goes in the middle of it. What came before its end may complete it yet.
      duplex.once("end", () => {
        timers.push(setTimeout(() => reject(new Error("the peer ended the stream")), AFTER_END_MS));
      });
      duplex.on("error", reject);
      duplex.on("close", () => reject(new Error("the connection was closed")));
      if (timeoutMs === 0) return;
      const late = `Cannot complete the TLS handshake: it is not done after ${timeoutMs} ms`;
      timers.push(setTimeout(() => reject(new ConnectionError("tls_handshake_timeout", late)), timeoutMs));
    });
  } catch (cause) {
    duplex.destroy();
    if (cause instanceof ConnectionError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectionError("tls_handshake", `Cannot complete the TLS handshake: ${why}`, { cause });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function parsed<T>(what: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new TlsFileError(`Cannot use ${file}: found no ${what} in PEM in it`, { cause });
  }
}

/** The host names that a certificate is for. */
function namesIn(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName ?? "";
  return [...names.matchAll(/DNS:([^,\s]+)/g)].map(([, name]) => name);
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
  readonly #duplex: TransportDuplex;
  #left: Uint8Array | undefined;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, duplex: TransportDuplex, base: Transport) {
    this.#socket = socket;
    this.#duplex = duplex;
    duplex.readUnless(() => socket.readableLength > MAX_WAITING_BYTES);
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
        this.#duplex.goOn();
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
