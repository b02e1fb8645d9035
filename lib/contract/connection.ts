/**
 * A connection as protocols, handlers and scripts see it.
 *
 * @module
 */

import type { CodedError } from "./connection_error.ts";
import type { Limits } from "./limits.ts";
import type { Upgrade } from "./protocol.ts";

/** What carries a connection's bytes. */
export type TransportName = "tcp" | "tls" | "unix" | "udp";

/** Which end of the wire this process is: `listen` makes servers, `connect` makes clients. */
export type Side = "server" | "client";

/** What a codec sees of a connection. */
export interface Peer<S = unknown> {
  /**
   * Unique among all connections that one server ever has: `SERVICE.GENERATION.INSTANCE.NUMBER` under a supervisor, where
   * an instance that has crashed comes back as `INSTANCE-1`, `INSTANCE-2` and so on.
   */
  readonly id: string;
  /** Which end of the wire this process is. */
  readonly side: Side;
  /** What carries the bytes. */
  readonly transport: TransportName;
  /** The peer's address. */
  readonly remoteAddr: Deno.Addr;
  /** The address on this side. */
  readonly localAddr: Deno.Addr;
  /** What the service bears. */
  readonly limits: Readonly<Limits>;
  /** The protocol's own state of this connection. */
  session: S;
  /**
   * Sends what is queued (and `last`), ends writing, lingers, closes. Frames not yet delivered are dropped. Legal
   * inside `input` and `decode` too.
   */
  close(): void;
  /** The same, with bytes (or a string of UTF-8) to send last. */
  close(last: Uint8Array | string, options: SendOptions & { raw: true }): void;
}

/** How a message is sent. */
export interface SendOptions {
  /**
   * The data are bytes (or a string of UTF-8) already encoded.
   *
   * @default {false}
   */
  raw?: boolean;
}

/** What `send` answers: accepted, or refused because the queue is full or the connection is going. */
export type SendResult = "queued" | "refused";

/** One connection, as a handler sees it. `Out` is what it sends, `T` what the handler keeps in `state`. */
export interface Connection<Out = unknown, S = unknown, T = unknown> extends Peer<S> {
  /** The handler's own state of this connection; undefined at first. */
  state: T;
  /** Bytes received so far. */
  readonly bytesRead: number;
  /** Bytes handed to the operating system so far. */
  readonly bytesWritten: number;
  /** Bytes accepted by `send` and not yet handed to the operating system. */
  readonly queuedBytes: number;
  /** Aborted once the connection is closed; its reason is the error that closed it, if one did. */
  readonly signal: AbortSignal;
  /** The error that ended or is ending this connection, if one did. */
  readonly error: CodedError | undefined;
  /** Whether an upgrade to TLS is possible: this side knows how (a service with `tls`), and it is not on already. */
  readonly canStartTls: boolean;
  /** Encodes and queues a message. All that one pass sends leaves in one write. */
  send(message: Out): SendResult;
  /** Queues bytes as they are. */
  send(bytes: Uint8Array | string, options: SendOptions & { raw: true }): SendResult;
  /** Settles once all that was queued is handed to the operating system; rejects if the connection closes first. */
  flushed(): Promise<void>;
  /** Stops delivery before the next frame, and reading once `maxFrameBytes` are buffered. */
  pause(): void;
  /** Delivers what is buffered, then goes on reading. */
  resume(): void;
  /** As {@linkcode Peer.close}, with a message to encode. */
  close(last?: Out): void;
  /** The same, with bytes (or a string of UTF-8) as they are. */
  close(last: Uint8Array | string, options: SendOptions & { raw: true }): void;
  /** Half-closes: sends what is queued and ends writing, but goes on receiving. */
  end(): void;
  /** Drops what is queued and closes at once. */
  destroy(error?: Error): void;
  /**
   * Sends every further message of this connection to another one, with backpressure, and ends that one's writing when
   * this one's peer ends. Takes the place of `onMessage`; this one stays open for what comes back.
   */
  pipe(other: Connection<unknown>): void;
  /** Changes what stands under or over this connection, once all that was sent so far has left. */
  upgrade(to: Upgrade): void;
}

/**
 * A connection as a conversation, for `transmission`. Iterating over it receives until the end of the stream. Where an
 * error ends the connection, such as `idle_timeout`, whoever waits for a message gets that error.
 */
export interface Conversation<In = unknown, Out = In, S = unknown, T = unknown> extends AsyncIterable<In> {
  /** The connection itself, for its addresses, its state, `destroy` and the rest. */
  readonly connection: Connection<Out, S, T>;
  /** Sends, expecting nothing. */
  ping(message: Out): SendResult;
  /** Sends and waits for the next message; rejects with the connection's error, or `end_of_stream` if there is none. */
  pingPong(message: Out): Promise<In>;
  /** Waits for the next message; null at the end of the stream. */
  pong(): Promise<In | null>;
}
