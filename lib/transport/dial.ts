/**
 * Connecting to an endpoint.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import { lookup } from "node:dns/promises";
import { dialDatagrams } from "./datagrams.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import { secureClient } from "./secure_client.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import { type Transport, writeAll } from "./transport.ts";

/** A failed connection attempt; `code` is `connect_failed`, `connect_timeout` or `connect_aborted`. */
export class DialError extends Error {
  /** The name of the class. */
  override readonly name = "DialError";
  /** What happened. */
  readonly code: "connect_failed" | "connect_timeout" | "connect_aborted";

  /** Makes the error. */
  constructor(code: DialError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

freezeClass(DialError);

/** The pause before a unix socket with a full backlog is tried again. */
const FULL_BACKLOG_MS = 10;

export interface DialOptions {
  /** The most time that connecting may take, TLS included. */
  timeoutMs: number;
  signal: AbortSignal;
  tls?: ClientTls;
  /** Bytes to send first, before TLS starts. */
  preface?: Uint8Array;
}

/**
 * Connects to an endpoint. Resolves its host name on each call.
 *
 * @throws {DialError} If the connection fails, times out or is aborted.
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Transport> {
  const { timeoutMs, signal } = options;
  const where = formatEndpoint(endpoint);
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), timeoutMs);
  const abort = () => ended.abort();
  signal.addEventListener("abort", abort);
  try {
    return await reach(endpoint, options, ended.signal);
  } catch (cause) {
    if (signal.aborted) {
      throw new DialError("connect_aborted", `Cannot connect to ${where}: aborted`);
    }
    if (ended.signal.aborted) {
      throw new DialError("connect_timeout", `Cannot connect to ${where}: no answer within ${timeoutMs} ms`, {
        cause,
      });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DialError("connect_failed", `Cannot connect to ${where}: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function reach(endpoint: Endpoint, options: DialOptions, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  const { preface } = options;
  if (endpoint.transport === "unix") {
    const connection = await reachUnix(endpoint.path, signal);
    if (preface !== undefined) await writeAll(connection, preface);
    return connection;
  }
  const { hostname, port } = endpoint;
  if (endpoint.transport === "udp") {
    const { address } = await lookup(hostname);
    return dialDatagrams({ transport: "udp", hostname: address, port });
  }
  const connection = await Deno.connect({ hostname, port, signal });
  connection.setNoDelay(true);
  // A peer that is gone without a word is noticed in the end, whatever is waited for.
  connection.setKeepAlive(true);
  if (preface !== undefined) await writeAll(connection, preface);
  if (endpoint.transport === "tcp") return connection;
  return await secureClient(hostname, options.tls ?? {}, options.timeoutMs)(connection, undefined);
}

/** A unix socket whose backlog is full refuses at once, where TCP would retry by itself: so it is retried here. */
async function reachUnix(path: string, signal: AbortSignal): Promise<Deno.UnixConn> {
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, FULL_BACKLOG_MS));
    signal.throwIfAborted();
  }
}
