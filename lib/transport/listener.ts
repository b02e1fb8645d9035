/**
 * Every transport as one kind of listener: something that accepts transports until it is closed.
 *
 * @module
 */

import type { TransportName } from "../contract/connection.ts";
import { DatagramListener } from "./datagrams.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import type { Secure, Transport } from "./transport.ts";
import { UnixListener } from "./unix_socket.ts";

/** A transport just accepted. */
export interface Accepted {
  transport: Transport;
  kind: TransportName;
  /** The handshake to be done before use. */
  secure?: Secure;
}

/** A bound address. */
export interface Listener {
  /** Where it listens, with its real port. */
  readonly endpoint: Endpoint;
  /** Waits for the next peer; rejects once the listener is closed, and when the system lacks means for another. */
  accept(): Promise<Accepted>;
  close(): void;
}

export interface BindOptions {
  /** How the handshake is done at a TLS endpoint. */
  secure?: Secure;
  /** @default {false} */
  reusePort?: boolean;
  /** @default {false} */
  exclusive?: boolean;
  /** Permissions of a unix socket. */
  mode?: number;
  /** Hears of a datagram that found its connection's queue full. */
  dropped?(from: Deno.Addr): void;
}

/** An address that cannot be listened at; `code` is `listen_failed`. */
export class ListenError extends Error {
  /** The name of the class. */
  override readonly name = "ListenError";
  /** What happened. */
  readonly code = "listen_failed";
}

/** Whether several listeners of this process can share a port: needs Linux and Deno's unstable net API. */
export const canSharePorts: boolean = Deno.build.os === "linux" && "listenDatagram" in Deno;

/**
 * Listens at an endpoint.
 *
 * @throws {ListenError} If the system refuses, or the endpoint asks for what is not there.
 */
export async function bind(endpoint: Endpoint, options: BindOptions): Promise<Listener> {
  try {
    switch (endpoint.transport) {
      case "tcp":
        return bindTcp(endpoint, options);
      case "tls":
        return bindTls(endpoint, options);
      case "unix":
        return await bindUnix(endpoint, options);
      case "udp":
        return bindUdp(endpoint, options);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(`Cannot listen at ${formatEndpoint(endpoint)}: ${why}`, { cause });
  }
}

type NetEndpoint = Extract<Endpoint, { hostname: string }>;

function bindTcp(endpoint: NetEndpoint, options: BindOptions): Listener {
  probe(endpoint, options);
  const listener = Deno.listen(netOptions(endpoint, options));
  return {
    endpoint: { ...endpoint, port: listener.addr.port },
    accept: async () => ({ transport: await acceptTcp(listener), kind: "tcp" }),
    close: () => listener.close(),
  };
}

/** Accepts a peer. Those that have reset their connection before it could be accepted are passed over. */
async function acceptTcp(listener: Deno.TcpListener): Promise<Deno.TcpConn> {
  for (;;) {
    let connection: Deno.TcpConn | undefined;
    try {
      connection = await listener.accept();
      connection.setNoDelay(true);
      return connection;
    } catch (error) {
      connection?.close();
      if (connection === undefined && !isOfPeer(error)) throw error;
    }
  }
}

/** Whether accepting has failed for what one peer did. */
function isOfPeer(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

function bindTls(endpoint: NetEndpoint, options: BindOptions): Listener {
  const { secure } = options;
  if (secure === undefined) throw new TypeError("TLS needs a certificate and a key, under `tls`");
  const plain = bindTcp(endpoint, options);
  return {
    endpoint: plain.endpoint,
    async accept() {
      const { transport } = await plain.accept();
      return { transport, kind: "tls", secure };
    },
    close: () => plain.close(),
  };
}

async function bindUnix(
  endpoint: Extract<Endpoint, { path: string }>,
  options: BindOptions,
): Promise<Listener> {
  const listener = await UnixListener.listen(endpoint.path, options);
  return {
    endpoint,
    accept: async () => ({ transport: await listener.accept(), kind: "unix" }),
    close: () => listener.close(),
  };
}

function bindUdp(endpoint: NetEndpoint, options: BindOptions): Listener {
  if (!("listenDatagram" in Deno)) throw new TypeError("UDP needs Deno's flag --unstable-net");
  const { hostname, port } = endpoint;
  const where = { transport: "udp", hostname, port } as const;
  if (mustProbe(endpoint, options)) Deno.listenDatagram(where).close();
  const socket = Deno.listenDatagram({ ...where, reuseAddress: options.reusePort });
  const listener = new DatagramListener(socket, (from) => options.dropped?.(from));
  return {
    endpoint: { ...endpoint, port: (listener.addr as Deno.NetAddr).port },
    accept: async () => ({ transport: await listener.accept(), kind: "udp" }),
    close: () => listener.close(),
  };
}

function netOptions(endpoint: NetEndpoint, options: BindOptions): Deno.TcpListenOptions {
  const { hostname, port } = endpoint;
  return options.reusePort ? { hostname, port, reusePort: true } : { hostname, port };
}

/** A shared port hides that somebody else listens there; a socket that does not share finds out. */
function probe(endpoint: NetEndpoint, options: BindOptions): void {
  if (!mustProbe(endpoint, options)) return;
  Deno.listen({ hostname: endpoint.hostname, port: endpoint.port }).close();
}

function mustProbe(endpoint: NetEndpoint, options: BindOptions): boolean {
  return options.exclusive === true && options.reusePort === true && endpoint.port !== 0;
}
