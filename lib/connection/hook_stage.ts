/**
 * Hooks of a served connection: between the codec and the handler on the way in, between the handler and the codec on
 * the way out.
 *
 * @module
 */

import type { SendResult } from "../contract/connection.ts";
import { applyVerdict, type VerdictEffects } from "../hooks/apply_verdict.ts";
import type { HookSession } from "../hooks/hook_set.ts";

/** So many messages may wait behind a hook that has not decided on an earlier one; then `send` is refused. */
const WAITING_SENDS = 1024;

/** The two ends that hooks stand between. */
export interface HookStageEnds {
  /** A signal that is aborted when the connection is closed. */
  readonly signal: AbortSignal;
  /** Gives a message to the handler. */
  handle(message: unknown): unknown;
  /** Encodes and queues a message. */
  transmit(message: unknown): SendResult;
  /** Closes, after a last message if it is not undefined. */
  close(last: unknown): void;
  /** Ends the connection with an error. */
  fail(error: unknown): void;
}

/** What became of a message that was sent; a promise while it waits. */
type Sent = SendResult | Promise<SendResult>;

/** The hooks of one connection, and what they hold back. */
export class HookStage {
  readonly #session: HookSession;
  readonly #ends: HookStageEnds;
  readonly #in: VerdictEffects<unknown, unknown>;
  readonly #out: VerdictEffects<unknown, Sent>;
  /** What was sent behind a message that a hook has not decided on, in order; undefined while there is none. */
  #waiting: { message: unknown; command: string }[] | undefined;
  #ended = false;

  constructor(session: HookSession, ends: HookStageEnds) {
    this.#session = session;
    this.#ends = ends;
    this.#in = new ReceivedEffects(session, ends);
    this.#out = new SentEffects(session, ends);
  }

  /** Takes a message that has been received. A promise holds back the next one. */
  receive(message: unknown, command: string): unknown {
    const verdict = this.#session.run("in", message, command);
    return verdict === undefined ? this.#in.pass(message) : applyVerdict(verdict, message, this.#in);
  }

  /** Takes a message that the handler sends. */
  send(message: unknown, command: string): SendResult {
    if (this.#waiting === undefined) return this.#sendNow(message, command);
    return this.#waiting.push({ message, command }) <= WAITING_SENDS ? "queued" : "refused";
  }

  /** The connection is closed. */
  end(): void {
    this.#ended = true;
    this.#waiting = undefined;
    this.#session.end();
  }

  #sendNow(message: unknown, command: string): SendResult {
    const verdict = this.#session.run("out", message, command);
    const sent = verdict === undefined ? this.#out.pass(message) : applyVerdict(verdict, message, this.#out);
    if (!(sent instanceof Promise)) return sent;
    this.#waiting = [];
    sent.then(() => this.#sendWaiting(), (error) => this.#ends.fail(error));
    return "queued";
  }

  #sendWaiting(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { message, command } of waiting) {
      if (this.#ended) return;
      this.send(message, command);
    }
  }
}

/** What verdicts do with a message for the handler. */
class ReceivedEffects implements VerdictEffects<unknown, unknown> {
  readonly #session: HookSession;
  readonly #ends: HookStageEnds;

  constructor(session: HookSession, ends: HookStageEnds) {
    this.#session = session;
    this.#ends = ends;
  }

  get signal(): AbortSignal {
    return this.#ends.signal;
  }

  pass(message: unknown): unknown {
    this.#session.forwarded(message);
    return this.#ends.handle(message);
  }

  replace(_message: unknown, other: unknown): unknown {
    this.#session.forwarded(other);
    return this.#ends.handle(other);
  }

  reply(_message: unknown, answer: unknown): void {
    this.#ends.transmit(answer);
  }

  drop(): void {}

  close(_message: unknown, last: unknown): void {
    this.#ends.close(last);
  }
}

/** What verdicts do with a message of the handler's. */
class SentEffects implements VerdictEffects<unknown, Sent> {
  readonly #session: HookSession;
  readonly #ends: HookStageEnds;

  constructor(session: HookSession, ends: HookStageEnds) {
    this.#session = session;
    this.#ends = ends;
  }

  get signal(): AbortSignal {
    return this.#ends.signal;
  }

  pass(message: unknown): SendResult {
    this.#session.answered(message);
    return this.#ends.transmit(message);
  }

  replace(message: unknown, other: unknown): SendResult {
    this.#session.answered(message);
    return this.#ends.transmit(other);
  }

  reply(_message: unknown, answer: unknown): Sent {
    const handled = this.#ends.handle(answer);
    return handled instanceof Promise ? handled.then(() => "queued") : "queued";
  }

  drop(message: unknown): SendResult {
    this.#session.answered(message);
    return "queued";
  }

  close(_message: unknown, last: unknown): SendResult {
    this.#ends.close(last);
    return "queued";
  }
}
