/**
 * Listening at an endpoint, the same for every transport.
 *
 * @module
 */

import type { TransportName } from "../contract/connection.ts";
import { DatagramListener } from "./datagrams.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import type { Secure, Transport } from "./transport.ts";
import { withPlainAddrs } from "./plain_addr.ts";
import { UnixListener } from "./unix_socket.ts";

/** An accepted transport. */
export interface Accepted {
  transport: Transport;
  kind: TransportName;
  /** The handshake to complete before use. */
  secure?: Secure;
}

/** A bound address. */
export interface Listener {
  /** Where it listens, with the port in place of 0. */
  readonly endpoint: Endpoint;
  /** Waits for the next peer. Rejects once the listener is closed, and when the system is out of descriptors. */
  accept(): Promise<Accepted>;
  /**
   * Closes the connection that has been silent longest, other than this one. Returns whether there was one. Only where
   * peers cannot be kept waiting: datagrams come whether they are accepted or not.
   */
  evict?(except: Transport): boolean;
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
  /**
   * Whether the system asks silent TCP peers from time to time whether they are still there.
   *
   * @default {false}
   */
  keepAlive?: boolean;
  /** Called when a datagram is dropped because its connection's queue is full. */
  dropped?(from: Deno.Addr): void;
}

/** A failure to listen; `code` is `listen_failed`. */
export class ListenError extends Error {
  /** The name of the class. */
  override readonly name = "ListenError";
  /** What happened. */
  readonly code = "listen_failed";
}

/** Whether several listeners can share a port: needs Linux and `--unstable-net`. */
export const canSharePorts: boolean = Deno.build.os === "linux" && "listenDatagram" in Deno;

/**
 * Listens at an endpoint.
 *
 * @throws {ListenError} If the system refuses, or the endpoint needs TLS or UDP and there is none.
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
    throw new ListenError(`Cannot listen at ${formatEndpoint(endpoint)}: ${why}${hintOn(endpoint, cause)}`, {
      cause,
    });
  }
}

/** What explains why an address is in use, where it is another that takes it. */
function hintOn(endpoint: Endpoint, cause: unknown): string {
  const isAny = "hostname" in endpoint && ["0.0.0.0", "::"].includes(endpoint.hostname);
  if (!isAny || !(cause instanceof Deno.errors.AddrInUse)) return "";
  return "; note that [::] takes the port for IPv4 too, so that it is not to be listed with 0.0.0.0";
}

type NetEndpoint = Extract<Endpoint, { hostname: string }>;

function bindTcp(endpoint: NetEndpoint, options: BindOptions): Listener {
  probe(endpoint, options);
  const listener = Deno.listen(netOptions(endpoint, options));
  return {
    endpoint: { ...endpoint, port: listener.addr.port },
    accept: async () => ({ transport: await acceptTcp(listener, options), kind: "tcp" }),
    close: () => listener.close(),
  };
}

/** Accepts a peer. Skips those that reset their connection before it was accepted. */
async function acceptTcp(
  listener: Deno.TcpListener,
  { keepAlive = false }: BindOptions,
): Promise<Deno.TcpConn> {
  for (;;) {
    let connection: Deno.TcpConn | undefined;
    try {
      connection = await listener.accept();
      connection.setNoDelay(true);
      if (keepAlive) connection.setKeepAlive(true);
      return withPlainAddrs(connection);
    } catch (error) {
      connection?.close();
      if (connection === undefined && !isPeerFault(error)) throw error;
    }
  }
}

/** Whether accepting failed because of one peer. */
function isPeerFault(error: unknown): boolean {
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
    evict: (except) => listener.evict(except),
    close: () => listener.close(),
  };
}

function netOptions(endpoint: NetEndpoint, options: BindOptions): Deno.TcpListenOptions {
  const { hostname, port } = endpoint;
  return options.reusePort ? { hostname, port, reusePort: true } : { hostname, port };
}

/** `reusePort` would hide that another program listens there: so bind once without it. */
function probe(endpoint: NetEndpoint, options: BindOptions): void {
  if (!mustProbe(endpoint, options)) return;
  Deno.listen({ hostname: endpoint.hostname, port: endpoint.port }).close();
}

function mustProbe(endpoint: NetEndpoint, options: BindOptions): boolean {
  return options.exclusive === true && options.reusePort === true && endpoint.port !== 0;
}
