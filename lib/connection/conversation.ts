/**
 * The scripted style: a connection as a conversation, SMProtocol's `transmission`.
 *
 * @module
 */

import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyHandler } from "../contract/handler.ts";
import type { Connection, Conversation, SendResult } from "../contract/connection.ts";
import { toError } from "../base/error_record.ts";

/** What a script waits with. */
type Awaiting = PromiseWithResolvers<unknown>;

/** The end of the stream, which no message can be mistaken for. */
const END = Symbol("end of stream");

/** So many messages may wait for a script to ask for them before delivery is held back. */
const WAITING_MESSAGES = 16;

/**
 * Makes a handler with callbacks of one with a `transmission`. The script decides when the connection ends: a peer that
 * half-closes is still answered.
 */
export function conversational(handler: AnyHandler): AnyHandler {
  const conversations = new WeakMap<Connection, Script>();
  return {
    ...handler,
    allowHalfOpen: true,
    onConnect(connection) {
      const script = new Script(connection);
      conversations.set(connection, script);
      const connecting = handler.onConnect?.(connection);
      if (connecting === undefined) return void converse(handler, script);
      return connecting.then(() => void converse(handler, script));
    },
    onMessage: (connection, message) => conversations.get(connection)?.receive(message),
    onEnd(connection) {
      conversations.get(connection)?.finish();
      return handler.onEnd?.(connection);
    },
    onError(connection, error) {
      // What is its end already, though it may linger on.
      if (connection.error === error) conversations.get(connection)?.finish(error);
      handler.onError?.(connection, error);
    },
    onClose(connection) {
      conversations.get(connection)?.finish(connection.error);
      handler.onClose?.(connection);
    },
  };
}

async function converse(handler: AnyHandler, script: Script): Promise<void> {
  const { connection } = script;
  try {
    await handler.transmission!(script);
    connection.close();
  } catch (thrown) {
    script.abandon();
    const error = toError(thrown);
    if (handler.exception === undefined) return connection.fail(error);
    try {
      handler.exception(error, script);
      connection.close();
    } catch (second) {
      connection.fail(second);
    }
  }
}

/** What a script needs of its connection beside the public part. */
interface Failing extends Connection {
  fail(error: unknown): void;
}

/** The messages of one connection, handed out one by one to whoever asks. */
export class Script implements Conversation {
  readonly connection: Failing;
  readonly #waiting: unknown[] = [];
  #awaiting: Awaiting | undefined;
  #ended = false;
  /** What has ended the connection before its peer has ended the stream. */
  #error: Error | undefined;

  constructor(connection: Connection) {
    this.connection = connection as Failing;
  }

  ping(message: unknown): SendResult {
    return this.connection.send(message);
  }

  async pingPong(message: unknown): Promise<unknown> {
    this.connection.send(message);
    const answer = await this.#next();
    if (answer !== END) return answer;
    throw new ConnectionError("end_of_stream", "Cannot receive an answer: the stream has ended");
  }

  async pong(): Promise<unknown | null> {
    const message = await this.#next();
    return message === END ? null : message;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void> {
    for (let message = await this.#next(); message !== END; message = await this.#next()) yield message;
  }

  /** Takes in a message; holds the connection back when too many wait. */
  receive(message: unknown): void {
    const awaiting = this.#awaiting;
    if (awaiting !== undefined) {
      this.#awaiting = undefined;
      return awaiting.resolve(message);
    }
    if (this.#waiting.push(message) >= WAITING_MESSAGES) this.connection.pause();
  }

  /** No message will follow: the stream has ended, or this error has ended the connection. Only the first end counts. */
  finish(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (error === undefined) this.#awaiting?.resolve(END);
    else this.#awaiting?.reject(error);
    this.#awaiting = undefined;
  }

  /** Nobody will ask any more. */
  abandon(): void {
    this.#waiting.length = 0;
    this.finish();
  }

  #next(): Promise<unknown> {
    if (this.#waiting.length > 0) {
      const message = this.#waiting.shift();
      if (this.#waiting.length === 0) this.connection.resume();
      return Promise.resolve(message);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(END);
    this.#awaiting = Promise.withResolvers();
    return this.#awaiting.promise;
  }
}
