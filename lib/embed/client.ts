/**
 * A client of a server: one connection at a time, made again when it is lost if that is asked for.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { freezeClass } from "../base/freeze_class.ts";
import { toError } from "../base/error_record.ts";
import { pause } from "../base/pause.ts";
import { parseDuration } from "../base/units.ts";
import { Clock } from "../connection/clock.ts";
import type { ConnectionHost } from "../connection/connection_host.ts";
import { Inbox } from "../connection/conversation.ts";
import { ServiceConnection } from "../connection/service_connection.ts";
import type { Connection, Conversation, SendResult } from "../contract/connection.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import type { Handler } from "../contract/handler.ts";
import { givenLimits, limitsFor, resolveLimits } from "../contract/limits.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { createStats } from "../contract/stats.ts";
import { dial } from "../transport/dial.ts";
import { secureClient } from "../transport/secure_client.ts";
import type { ConnectOptions } from "./connect_options.ts";
import { RetryPolicy } from "./retry_policy.ts";

/** How long a connection may take to be made. */
const DEFAULT_TIMEOUT = "10s";

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

/** The client that `connect` makes. */
export class ReconnectingClient implements Client {
  readonly closed: Promise<void>;
  readonly #endpoint: Endpoint;
  readonly #options: ConnectOptions;
  readonly #host: ConnectionHost;
  readonly #timeoutMs: number;
  readonly #retries: RetryPolicy;
  readonly #ended: AbortController = new AbortController();
  #connection!: ServiceConnection;
  #inbox!: Inbox;
  #settle!: () => void;
  #count = 0;

  /** Makes a client and its first connection, as often as the options say. */
  static async open(
    endpoint: Endpoint,
    protocol: AnyProtocol,
    options: ConnectOptions,
  ): Promise<ReconnectingClient> {
    const client = new ReconnectingClient(endpoint, protocol, options);
    try {
      await client.#connect();
    } catch (error) {
      const last = await client.#retry(error);
      if (last !== undefined) throw last;
    }
    return client;
  }

  private constructor(endpoint: Endpoint, protocol: AnyProtocol, options: ConnectOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    const { timeout = DEFAULT_TIMEOUT, reconnect, signal, tls = {} } = options;
    const timeoutMs = parseDuration(timeout);
    if (timeoutMs === undefined) {
      throw new RangeError(`Cannot connect with timeout "${timeout}": wanted a duration such as 10s`);
    }
    this.#timeoutMs = timeoutMs;
    this.#retries = new RetryPolicy(reconnect);
    this.closed = new Promise((resolve) => this.#settle = resolve);
    const limits = limitsFor(protocol, resolveLimits(options.limits), { given: givenLimits(options.limits) });
    this.#host = {
      side: "client",
      protocol,
      handler: this.#handler(),
      limits,
      clock: new Clock(limits),
      stats: createStats(),
      secure: secureClient(
        "hostname" in endpoint ? endpoint.hostname : "localhost",
        tls,
        limits.tlsHandshakeTimeoutMs,
      ),
      report: () => {},
      closed: () => {},
      released: (connection) => void this.#lost(connection.error),
    };
    if (signal?.aborted) this.#ended.abort();
    signal?.addEventListener("abort", () => this.#end(), { once: true, signal: this.#ended.signal });
  }

  get connection(): Connection {
    return this.#connection.facade;
  }

  send(message: unknown): SendResult {
    return this.#connection.send(message);
  }

  ping(message: unknown): SendResult {
    return this.#connection.send(message);
  }

  pingPong(message: unknown): Promise<unknown> {
    return this.#conversation.pingPong(message);
  }

  pong(): Promise<unknown | null> {
    return this.#conversation.pong();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#conversation[Symbol.asyncIterator]();
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

  get #conversation(): Conversation {
    return this.#inbox.conversation;
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

  async #lost(error: Error | undefined): Promise<void> {
    await this.#retry(error ?? new ConnectionError("connection_closed", "The connection has ended"));
  }

  /** Connects again until it works or is given up. Answers what it was given up for. */
  async #retry(error: unknown): Promise<unknown> {
    for (let failed = 0;; failed++) {
      if (this.#ended.signal.aborted) break;
      const delayMs = this.#retries.delayMs(failed, error);
      this.#tell(toError(error), { attempt: failed + 1, delayMs });
      if (delayMs === undefined) break;
      await pause(delayMs, this.#ended.signal);
      try {
        return await this.#connect();
      } catch (thrown) {
        error = thrown;
      }
    }
    this.#end();
    return error;
  }

  /** Tells of a failure, where somebody has asked for another attempt after one. */
  #tell(error: Error, next: { attempt: number; delayMs: number | undefined }): void {
    const { reconnect } = this.#options;
    if (!reconnect) return;
    const address = formatEndpoint(this.#endpoint);
    const log = getLogger(["protohost", "connect"]);
    const properties = { address, error: error.message, ...next };
    if (next.delayMs === undefined) {
      log.error("No further attempt to connect to {address}: {error}", properties);
    } else log.warn("Not connected to {address}: {error}; attempt {attempt} in {delayMs} ms", properties);
    if (reconnect === true) return;
    try {
      reconnect.onFailure?.(error, next);
    } catch (thrown) {
      log.error("onFailure of the client of {address} failed: {error}", { address, error: thrown });
    }
  }

  #end(): void {
    this.#ended.abort();
    this.#connection?.destroy();
    this.#settle();
  }
}

freezeClass(ReconnectingClient);
