/**
 * The scripted style: a connection as a conversation, SMProtocol's `transmission`.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyHandler } from "../contract/handler.ts";
import type { Connection, Conversation, SendResult } from "../contract/connection.ts";
import { toError } from "../base/error_record.ts";
import { type ConnectionFacade, engineOf } from "./connection_facade.ts";
import { END, MessageQueue } from "./message_queue.ts";

/** So many messages may wait for a script to ask for them before delivery is held back. */
const WAITING_MESSAGES = 16;

/**
 * Makes a handler with callbacks of one with a `transmission`. The script decides when the connection ends: a peer that
 * half-closes is still answered.
 */
export function conversational(handler: AnyHandler): AnyHandler {
  const inboxes = new WeakMap<Connection, Inbox>();
  return {
    ...handler,
    allowHalfOpen: true,
    onConnect(connection) {
      const inbox = new Inbox(connection);
      inboxes.set(connection, inbox);
      const connecting = handler.onConnect?.(connection) as Partial<PromiseLike<unknown>> | undefined;
      if (connecting?.then === undefined) return void converse(handler, inbox);
      return connecting.then(() => void converse(handler, inbox));
    },
    onMessage: (connection, message) => inboxes.get(connection)?.receive(message),
    onEnd(connection) {
      inboxes.get(connection)?.end();
      return handler.onEnd?.(connection);
    },
    onError(connection, error) {
      // What is its end already, though it may linger on.
      if (connection.error === error) inboxes.get(connection)?.end(error);
      handler.onError?.(connection, error);
    },
    onClose(connection) {
      inboxes.get(connection)?.end(connection.error);
      handler.onClose?.(connection);
    },
  };
}

async function converse(handler: AnyHandler, inbox: Inbox): Promise<void> {
  const { connection, conversation } = inbox;
  try {
    await handler.transmission!(conversation);
    connection.close();
  } catch (thrown) {
    inbox.abandon();
    const error = toError(thrown);
    if (handler.exception === undefined) return fail(connection, error);
    try {
      handler.exception(error, conversation);
      connection.close();
    } catch (second) {
      fail(connection, second);
    }
  }
}

function fail(connection: Connection, error: unknown): void {
  engineOf(connection as ConnectionFacade).fail(error);
}

/** The messages of one connection, for the conversation on it. */
export class Inbox {
  readonly connection: Connection;
  /** What user code gets of it. */
  readonly conversation: Conversation;
  readonly #messages: MessageQueue = new MessageQueue();

  constructor(connection: Connection) {
    this.connection = connection;
    this.conversation = new ConnectionConversation(connection, this.#messages);
  }

  /** Takes in a message; holds the connection back when too many wait. */
  receive(message: unknown): void {
    this.#messages.push(message);
    if (this.#messages.size >= WAITING_MESSAGES) this.connection.pause();
  }

  /** No message will follow: the stream has ended, or this error has ended the connection. Only the first end counts. */
  end(error?: Error): void {
    this.#messages.end(error);
  }

  /** Nobody will ask any more. */
  abandon(): void {
    this.#messages.clear();
    this.#messages.end();
  }
}

/** A conversation as user code gets it. */
class ConnectionConversation implements Conversation {
  readonly connection: Connection;
  readonly #messages: MessageQueue;

  constructor(connection: Connection, messages: MessageQueue) {
    this.connection = connection;
    this.#messages = messages;
    Object.freeze(this);
  }

  ping(message: unknown): SendResult {
    return this.connection.send(message);
  }

  async pingPong(message: unknown): Promise<unknown> {
    // What was not sent has no answer: waiting for one would take somebody else's.
    if (this.connection.send(message) === "refused") throw this.#refusal();
    const answer = await this.#next();
    if (answer !== END) return answer;
    throw streamEnded();
  }

  async pong(): Promise<unknown | null> {
    const message = await this.#next();
    return message === END ? null : message;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void> {
    for (let message = await this.#next(); message !== END; message = await this.#next()) yield message;
  }

  /** Why a message was not sent. */
  #refusal(): Error {
    const { error, queuedBytes, limits: { maxSendBytes } } = this.connection;
    if (error !== undefined) return error;
    if (this.#messages.isEnded) return streamEnded();
    return queuedBytes >= maxSendBytes
      ? new ConnectionError(
        "send_refused",
        `Cannot send a message: ${queuedBytes} bytes are queued, maxSendBytes is ${maxSendBytes}`,
      )
      : new ConnectionError("connection_closed", "Cannot send a message: the connection is closing");
  }

  #next(): Promise<unknown> {
    const waited = this.#messages.size > 0;
    const next = this.#messages.next();
    if (waited && this.#messages.size === 0) this.connection.resume();
    return next;
  }
}

freezeClass(ConnectionConversation);

function streamEnded(): ConnectionError {
  return new ConnectionError("end_of_stream", "Cannot receive an answer: the stream has ended");
}
