/**
 * The types users write against: a protocol (wire format), a handler (what to do with a message), and the
 * connection that both see.
 *
 * Directions are named from the server's chair: `In` is what a client sends, `Out` is what a server answers.
 *
 * @module
 */

import type { Limits } from "./limits.ts";

/** What `decode` and `end` answer when the bytes are consumed but make no message. */
export const skip: unique symbol = Symbol.for("protohost.skip");

/** The type of {@linkcode skip}. */
export type Skip = typeof skip;

/** What carries a connection's bytes. */
export type TransportName = "tcp" | "tls" | "unix" | "udp";

/** Which way a message goes: `"in"` from client to server, `"out"` from server to client. */
export type Direction = "in" | "out";

/** Which end of the wire this process is: `listen` makes servers, `connect` makes clients. */
export type Side = "server" | "client";

/** One direction of a wire format: where a frame ends, what it says, and the way back. */
export interface Codec<M, S = unknown> {
  /**
   * Finds the end of the first frame.
   *
   * @param buffer All bytes received and not yet consumed. A view: valid during the call only.
   * @param connection The connection they came by.
   * @param from How many of these bytes an earlier call that answered 0 has already seen. A delimiter of several
   *   bytes may straddle it.
   * @returns `0`: not enough bytes to know; asked again when more are there. `N > 0`: the frame is the first N bytes,
   *   whether they are all there yet or not; not asked again until they are. A negative, fractional or NaN answer, one
   *   above `maxFrameBytes`, or a throw is a bad frame, which ends the connection.
   */
  input(buffer: Uint8Array, connection: Peer<S>, from: number): number;
  /**
   * Makes a message of one whole frame, or answers {@linkcode skip}. The session changes here and nowhere else.
   *
   * @param frame Exactly the bytes that `input` delimited. A view: keep a copy, never the frame.
   */
  decode(frame: Uint8Array, connection: Peer<S>): M | Skip;
  /** Makes the bytes of one message (a string is sent as UTF-8); the inverse of this codec's `decode`. */
  encode(message: M, connection: Peer<S>): Uint8Array | string;
  /** Names a message, for hooks and counters. */
  command?(message: M, connection: Peer<S>): string;
  /** Makes a message of its human notation, as rules and replies in YAML write it. */
  parse?(text: string): M;
  /** What the bytes left over at the end of the stream mean. Without it they are counted as lost. */
  end?(rest: Uint8Array, connection: Peer<S>): M | Skip;
}

/** What an upgrade changes: `"tls"` what stands under the connection, the others what stands over it. */
// deno-lint-ignore no-explicit-any
export type Upgrade = "tls" | "raw" | Protocol<any, any, any>;

/**
 * A wire format. Any object with `name`, `input`, `decode` and `encode` is one; the rest serves protocols that keep a
 * session, speak differently in the two directions, or change their ground under way.
 */
export interface Protocol<In, Out = In, S = unknown> extends Codec<In, S> {
  /** The name by which an address asks for it; its case is ignored there. */
  name: string;
  /** Server to client, where it differs. A server receives by the protocol and sends by its `reply`. */
  reply?: Codec<Out, S>;
  /** Makes the protocol's own state of one connection, both directions. */
  session?(): S;
  /** Makes the handler of a service from what the user gave: greeting, adapters, a built-in service. */
  service?(user: unknown, options: unknown): Handler<In, Out, S>;
  /**
   * Whether this message changes what stands under or over the wire, for what follows it. The direction is `"in"` from
   * client to server and `"out"` from server to client, on whichever side this runs.
   */
  upgrade?(
    message: In | Out,
    direction: Direction,
    connection: Peer<S>,
  ): Upgrade | undefined;
  /** Whether this message is a request that will be answered; without it, every message is that is not a part. */
  asks?(message: In, connection: Peer<S>): boolean;
  /**
   * This request, the last that was decoded, goes no further than a proxy: a hook has answered or dropped it. What
   * `decode` has noted of it for what the server is going to say is to be forgotten. The one other place beside `decode`
   * where the session changes.
   */
  withdrawn?(message: In, connection: Peer<S>): void;
  /** Whether this reply completes the oldest open request. */
  answers?(message: Out, connection: Peer<S>): boolean;
  /**
   * This reply without the offer of TLS that it makes; undefined if it makes none. A proxy asks where TLS cannot be
   * started on the client's connection: a client that took the offer would be lost.
   */
  withoutTls?(message: Out, connection: Peer<S>): Out | undefined;
  /** What a client hears when the upstream is not there. */
  unavailable?(cause: Error): Out;
  /**
   * What a client of a proxy hears before an error of its own ends its connection: its bytes make no frame, a time is
   * over. The upstream's replies that are due then never come, so this stands in the place of the first of them. Without
   * it, or if it answers undefined, the connection ends without a word.
   */
  refusal?(error: Error, connection: Peer<S>): Out | undefined;
}

/** A protocol of whatever messages. */
// deno-lint-ignore no-explicit-any
export type AnyProtocol = Protocol<any, any, any>;

/** What a codec sees of a connection. */
export interface Peer<S = unknown> {
  /** Unique among the connections of one server: `SERVICE.GENERATION.INSTANCE.NUMBER` under a supervisor. */
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
  readonly limits: Limits;
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
  readonly error: Error | undefined;
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

/** Writes a line to a log. A `{name}` in the text stands for the property of that name. */
export type WriteLog = (text: string, properties?: Record<string, unknown>) => void;

/** Writes to the server's log under a service's name; a logger of LogTape. */
export interface ServiceLog {
  /** What happens in detail. */
  trace: WriteLog;
  /** What helps to find a mistake. */
  debug: WriteLog;
  /** What happened as it should. */
  info: WriteLog;
  /** What is not as it should be, but goes on. */
  warn: WriteLog;
  /** The same as `warn`. */
  warning: WriteLog;
  /** What went wrong. */
  error: WriteLog;
  /** What cannot go on. */
  fatal: WriteLog;
}

/** What a service is given to live in. */
export interface ServiceContext<Options = unknown> {
  /** The service's name. */
  readonly name: string;
  /** Which of the service's instances this is, from 0. */
  readonly instance: number;
  /** The configuration's `options`, as they stand there; an empty object without. */
  readonly options: Options;
  /** File URL of the folder that relative paths are meant from, with a slash at its end: the configuration's own. */
  readonly base: string;
  /** Writes to the server's log under the service's name. */
  readonly log: ServiceLog;
  /** Aborted when the service stops. */
  readonly signal: AbortSignal;
  /** The open connections of this instance. */
  // deno-lint-ignore no-explicit-any
  readonly connections: ReadonlySet<Connection<any, any, any>>;
  /**
   * Sends a JSON value to every subscriber of a topic in all instances and services of this server. All get what JSON
   * makes of it: a `Date` as text, a `Map` as an empty object.
   *
   * @throws {TypeError} If JSON has no words for it: it contains itself, or a bigint, or is undefined.
   */
  publish(topic: string, message: unknown): void;
  /** Hears what is published on a topic, its own publications too. Answers a function that ends it. */
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
}

/**
 * What a service does. Every part is optional. A callback that returns a promise holds back the connection's next
 * message until it settles; a throw or rejection ends that connection alone.
 *
 * A handler has either `onMessage` or `transmission`.
 */
export interface Handler<In = unknown, Out = In, S = unknown, T = unknown> {
  /** Before the service listens. A throw keeps it from starting. */
  onStart?(context: ServiceContext): void | Promise<void>;
  /** A peer has connected; over TLS, once the handshake is done. */
  onConnect?(connection: Connection<Out, S, T>): void | Promise<void>;
  /** A message has come. */
  onMessage?(connection: Connection<Out, S, T>, message: In): void | Promise<void>;
  /** The peer has ended its half: no message will follow, but it may still be answered. */
  onEnd?(connection: Connection<Out, S, T>): void | Promise<void>;
  /** `queuedBytes` has reached `maxSendBytes`. Called once until it has drained. */
  onBufferFull?(connection: Connection<Out, S, T>): void;
  /** `queuedBytes` has fallen under half of `maxSendBytes`. */
  onBufferDrain?(connection: Connection<Out, S, T>): void;
  /** Something went wrong on this connection; `error.code` says what. It is closed unless the error says otherwise. */
  onError?(connection: Connection<Out, S, T>, error: Error): void;
  /** The connection is gone. `connection.error` says why if it was not a peaceful end. */
  onClose?(connection: Connection<Out, S, T>): void;
  /** The service is about to stop or to be replaced: the time to say goodbye. Called for each open connection. */
  onDrain?(connection: Connection<Out, S, T>): void | Promise<void>;
  /** After the last connection. */
  onStop?(context: ServiceContext): void | Promise<void>;
  /** The connection as a conversation: runs once for each, and the connection closes when it settles. */
  transmission?(conversation: Conversation<In, Out, S, T>): void | Promise<void>;
  /** What `transmission` threw, before the connection closes. */
  exception?(error: Error, conversation: Conversation<In, Out, S, T>): void;
  /**
   * Whether the peer's half-close leaves this side's writing open.
   *
   * @default {false}
   */
  allowHalfOpen?: boolean;
}

/** A handler of whatever messages. */
// deno-lint-ignore no-explicit-any
export type AnyHandler = Handler<any, any, any, any>;

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

/** A service as a module exports it: a handler, or a function that makes one, with its own address if it likes. */
export interface ServiceDefinition<In = unknown, Out = In, S = unknown, T = unknown>
  extends Handler<In, Out, S, T> {
  /** Where to listen, when the configuration or the command line does not say. */
  listen?: string | string[];
  /** The protocol, where the address's own does not do. */
  protocol?: string | Protocol<In, Out, S>;
}

/** What a service module exports as its default. */
export type ServiceModule<In = unknown, Out = In, S = unknown, T = unknown> =
  | ServiceDefinition<In, Out, S, T>
  | ((
    context: ServiceContext,
  ) => ServiceDefinition<In, Out, S, T> | Promise<ServiceDefinition<In, Out, S, T>>);

/** Answers its argument: gives a service module's callbacks their types. */
export function defineService<
  In = unknown,
  Out = In,
  S = unknown,
  // deno-lint-ignore no-explicit-any
  T = any,
>(service: ServiceModule<In, Out, S, T>): ServiceModule<In, Out, S, T> {
  return service;
}
