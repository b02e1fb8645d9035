/**
 * The client's side: a connection out, over the same protocols.
 *
 * @module
 */

import { Clock } from "../connection/clock.ts";
import { ServiceConnection } from "../connection/service_connection.ts";
import type { ConnectionHost } from "../connection/connection_host.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import type { Connection, SendResult } from "../contract/connection.ts";
import type { Handler } from "../contract/handler.ts";
import { Inbox } from "../connection/conversation.ts";
import { dial } from "../transport/dial.ts";
import { type Endpoint, parseEndpoint } from "../contract/endpoint.ts";
import { givenLimits, type Limits, limitsFor, type LimitsInput, resolveLimits } from "../contract/limits.ts";
import { checkConnectOptions } from "./connect_options.ts";
import { ProtocolError, resolveProtocol } from "../modules/find_protocol.ts";
import { createStats } from "../contract/stats.ts";
import { secureClient } from "../transport/secure_client.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import { parseDuration } from "../base/units.ts";

/** How long a connection may take to be made. */
const DEFAULT_TIMEOUT = "10s";
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 30_000;

/** How a lost connection is made again: after 200 ms, doubling to 30 s, each pause lengthened by up to a fifth. */
export interface ReconnectOptions {
  /** How many times in a row to try before giving up. @default {Infinity} */
  attempts?: number;
}

/** A client's callbacks, if it does not converse, and what it needs beside. */
// deno-lint-ignore no-explicit-any
export interface ConnectOptions<In = any, Out = any, S = any, T = any>
  extends Omit<Handler<Out, In, S, T>, "transmission" | "exception" | "onStart" | "onStop" | "onDrain"> {
  /** The protocol itself, or the name of a bundled one; the address's own without. */
  protocol?: AnyProtocol | string;
  /** How long making the connection may take, TLS included. @default {"10s"} */
  timeout?: number | string;
  /** Whether a lost connection is made again, and a first one that fails tried again. @default {false} */
  reconnect?: boolean | ReconnectOptions;
  /**
   * How TLS is done, at a `+tls` address and where the protocol upgrades to it: `{ serverName, caCerts, cert, key,
   * insecure }`, all PEM as text. The system's authorities are trusted unless `caCerts` names others.
   */
  tls?: ClientTls;
  /** What the connection bears. */
  limits?: LimitsInput;
  /** Ends the client, while it is still connecting too. */
  signal?: AbortSignal;
}

/** A client's end of a connection. Without `onMessage` it is a conversation: `pong`, `pingPong` and iteration receive. */
// deno-lint-ignore no-explicit-any
export interface Client<In = any, Out = In> extends AsyncIterable<Out>, AsyncDisposable {
  /** The present connection; after a reconnect another one. */
  readonly connection: Connection<In>;
  /** Settles when the client has ended for good: closed, or lost and not made again. Never rejects. */
  readonly closed: Promise<void>;
  /** Encodes and queues a message; `"refused"` while there is no connection. */
  send(message: In): SendResult;
  /** The same as `send`, in a conversation's words. */
  ping(message: In): SendResult;
  /** Sends and waits for the next message; rejects with the connection's error, or `end_of_stream` if there is none. */
  pingPong(message: In): Promise<Out>;
  /** Waits for the next message; null at the end of the stream. Rejects with the error that has ended the connection. */
  pong(): Promise<Out | null>;
  /** Sends what is queued and closes. Settles when the connection is gone. */
  close(): Promise<void>;
}

/**
 * Makes a connection to a server. `In` is what it sends, `Out` what it receives.
 *
 * A server whose certificate no authority of the system has signed takes `tls: { caCerts: [PEM] }`; in tests
 * `tls: { insecure: true }` takes any.
 *
 * @throws {DialError} If the server is not there or does not answer in time.
 * @throws {ConnectOptionError} If there is an option that there should not be.
 * @throws {ProtocolError} If the address names no bundled protocol and `protocol` is not given.
 */
// deno-lint-ignore no-explicit-any
export async function connect<In = any, Out = In, S = any, T = any>(
  address: string,
  options: ConnectOptions<In, Out, S, T> = {},
): Promise<Client<In, Out>> {
  const endpoint = parseEndpoint(address);
  checkConnectOptions(options);
  const { protocol: given } = options;
  const protocol = typeof given === "object" ? given : await protocolNamed(given ?? endpoint.protocol);
  const client = new ReconnectingClient(endpoint, protocol, options);
  await client.open();
  return client as unknown as Client<In, Out>;
}

async function protocolNamed(name: string): Promise<AnyProtocol> {
  try {
    return await resolveProtocol(name);
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== "unknown_protocol") throw error;
    const hint = "one of your own is given as { protocol }, itself or the URL of its module";
    throw new ProtocolError(error.code, `${error.message}; ${hint}`);
  }
}

class ReconnectingClient implements Client {
  readonly closed: Promise<void>;
  readonly #endpoint: Endpoint;
  readonly #options: ConnectOptions;
  readonly #host: ConnectionHost;
  readonly #limits: Limits;
  readonly #timeoutMs: number;
  readonly #attempts: number;
  readonly #ended: AbortController = new AbortController();
  #connection!: ServiceConnection;
  #inbox!: Inbox;
  #settle!: () => void;
  #count = 0;

  constructor(endpoint: Endpoint, protocol: AnyProtocol, options: ConnectOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#limits = limitsFor(protocol, resolveLimits(options.limits), { given: givenLimits(options.limits) });
    const { reconnect, timeout = DEFAULT_TIMEOUT } = options;
    const timeoutMs = parseDuration(timeout);
    if (timeoutMs === undefined) {
      throw new RangeError(`Cannot connect with timeout "${timeout}": wanted a duration such as 10s`);
    }
    this.#timeoutMs = timeoutMs;
    this.#attempts = !reconnect ? 0 : reconnect === true ? Infinity : reconnect.attempts ?? Infinity;
    this.closed = new Promise((resolve) => this.#settle = resolve);
    const host = "hostname" in endpoint ? endpoint.hostname : "localhost";
    this.#host = {
      side: "client",
      protocol,
      handler: this.#handler(),
      limits: this.#limits,
      clock: new Clock(this.#limits),
      stats: createStats(),
      secure: secureClient(host, options.tls ?? {}, this.#limits.tlsHandshakeTimeoutMs),
      report: () => {},
      closed: () => this.#lost(),
    };
    options.signal?.addEventListener("abort", () => this.#end(), { once: true, signal: this.#ended.signal });
  }

  get connection(): Connection {
    return this.#connection.facade;
  }

  /** Connects, as often as the options say. */
  async open(): Promise<void> {
    for (let failures = 0;; failures++) {
      try {
        return await this.#connect();
      } catch (error) {
        if (failures >= this.#attempts || this.#ended.signal.aborted) {
          this.#end();
          throw error;
        }
        await this.#rest(failures);
      }
    }
  }

  send(message: unknown): SendResult {
    return this.#connection.send(message);
  }

  ping(message: unknown): SendResult {
    return this.#connection.send(message);
  }

  pingPong(message: unknown): Promise<unknown> {
    return this.#inbox.conversation.pingPong(message);
  }

  pong(): Promise<unknown | null> {
    return this.#inbox.conversation.pong();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#inbox.conversation[Symbol.asyncIterator]();
  }

  close(): Promise<void> {
    this.#ended.abort();
    this.#connection.close();
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.closed;
  }

  #handler(): Handler {
    const { onMessage } = this.#options;
    return {
      ...this.#options,
      onMessage: onMessage ?? ((_, message) => this.#inbox.receive(message)),
      onEnd: (connection) => {
        this.#inbox.end();
        return this.#options.onEnd?.(connection);
      },
      onError: (connection, error) => {
        if (connection.error === error) this.#inbox.end(error);
        this.#options.onError?.(connection, error);
      },
      onClose: (connection) => {
        this.#inbox.end(connection.error);
        this.#options.onClose?.(connection);
      },
    };
  }

  async #connect(): Promise<void> {
    const transport = await dial(this.#endpoint, {
      tls: this.#options.tls,
      timeoutMs: this.#timeoutMs,
      signal: this.#ended.signal,
    });
    const kind = this.#endpoint.transport;
    this.#connection = new ServiceConnection(`${++this.#count}`, transport, { kind, host: this.#host });
    this.#inbox = new Inbox(this.#connection.facade);
    this.#connection.run();
  }

  #lost(): void {
    if (this.#attempts === 0 || this.#ended.signal.aborted) return this.#end();
    this.#rest(0).then(() => this.open()).catch(() => {});
  }

  #end(): void {
    this.#ended.abort();
    this.#connection?.destroy();
    this.#settle();
  }

  #rest(failures: number): Promise<void> {
    const pauseMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (1 + Math.random() / 5);
    const { signal } = this.#ended;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, pauseMs);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
