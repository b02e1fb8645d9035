/**
 * What a service does with messages: the types that users write handlers against.
 *
 * @module
 */

import type { Connection, Conversation } from "./connection.ts";
import type { CodedError } from "./connection_error.ts";
import type { Protocol } from "./protocol.ts";

/** Writes a line to a log. A `{name}` in the text stands for the property of that name. */
export type WriteLog = (text: string, properties?: Record<string, unknown>) => void;

/** Writes to the server's log under a service's name. */
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
// deno-lint-ignore no-explicit-any
export interface ServiceContext<Options = unknown, Out = any, S = any, T = any> {
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
  /**
   * Aborted when the service begins to drain: it is to stop or has been replaced, and no new connections come. What works
   * beside connections, such as timers, ends here; connections may go on for `drainTimeout`.
   */
  readonly draining: AbortSignal;
  /** Aborted when the service has drained and stops. */
  readonly signal: AbortSignal;
  /** The open connections of this instance. */
  readonly connections: ReadonlySet<Connection<Out, S, T>>;
  /**
   * Sends a JSON value to every subscriber of a topic in all instances and services of this server. All get what JSON
   * makes of it: a `Date` as text, a `Map` as an empty object.
   *
   * @throws {TypeError} If JSON has no words for it: it contains itself, or a bigint, or is undefined.
   */
  publish(topic: string, message: unknown): void;
  /**
   * Counts once under a name, for `protohost status`. Names may be made of what clients send: beyond 1,000 of them
   * further ones are counted as `other`.
   */
  count(name: string): void;
  /** Hears what is published on a topic, its own publications too. Answers a function that ends it. */
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
}

/**
 * What a service does. Every part is optional. A callback that returns a promise holds back the connection's next
 * message until it settles; a throw or rejection ends that connection alone. What else a callback returns is ignored.
 *
 * A handler has either `onMessage` or `transmission`.
 */
export interface Handler<In = unknown, Out = In, S = unknown, T = unknown> {
  /** Before the service listens. A throw keeps it from starting. */
  onStart?(context: ServiceContext): unknown;
  /** A peer has connected; over TLS, once the handshake is done. */
  onConnect?(connection: Connection<Out, S, T>): unknown;
  /** A message has come. */
  onMessage?(connection: Connection<Out, S, T>, message: In): unknown;
  /** The peer has ended its half: no message will follow, but it may still be answered. */
  onEnd?(connection: Connection<Out, S, T>): unknown;
  /** `queuedBytes` has reached `maxSendBytes`. Called once until it has drained. */
  onBufferFull?(connection: Connection<Out, S, T>): void;
  /** `queuedBytes` has fallen under half of `maxSendBytes`. */
  onBufferDrain?(connection: Connection<Out, S, T>): void;
  /** Something went wrong on this connection; `error.code` says what. It is closed unless the error says otherwise. */
  onError?(connection: Connection<Out, S, T>, error: CodedError): void;
  /** The connection is closed. `connection.error` is the error that has ended it, if one has. */
  onClose?(connection: Connection<Out, S, T>): void;
  /** The service is about to stop or to be replaced: the time to say goodbye. Called for each open connection. */
  onDrain?(connection: Connection<Out, S, T>): unknown;
  /** After the last connection. */
  onStop?(context: ServiceContext): unknown;
  /** The connection as a conversation: runs once for each, and the connection closes when it settles. */
  transmission?(conversation: Conversation<In, Out, S, T>): unknown;
  /** What `transmission` threw, before the connection closes. */
  exception?(error: CodedError, conversation: Conversation<In, Out, S, T>): void;
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
  // As a method, so that the context may be annotated with its `Options`.
  | {
    make(
      context: ServiceContext<unknown, Out, S, T>,
    ): ServiceDefinition<In, Out, S, T> | Promise<ServiceDefinition<In, Out, S, T>>;
  }["make"];

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
