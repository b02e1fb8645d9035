/**
 * Hooks of a served connection: between the codec and the handler on the way in, between the handler and the codec on
 * the way out.
 *
 * @module
 */

import type { SendResult } from "../contract/connection.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import type { Verdict } from "../hooks/verdict.ts";

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

/** One connection's hooks at work. */
export class HookStage {
  readonly #session: HookSession;
  readonly #ends: HookStageEnds;
  /** What was sent behind a message that a hook has not decided on, in order; undefined while there is none. */
  #waiting: { message: unknown; command: string }[] | undefined;
  #ended = false;

  constructor(session: HookSession, ends: HookStageEnds) {
    this.#session = session;
    this.#ends = ends;
  }

  /** Takes a message that has been received. A promise holds back the next one. */
  receive(message: unknown, command: string): unknown {
    const verdict = this.#session.run("in", message, command);
    if (verdict === undefined) return this.#ends.handle(message);
    if (verdict instanceof Promise) return verdict.then((verdict) => this.#obeyIn(verdict, message));
    return this.#obeyIn(verdict, message);
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

  #obeyIn(verdict: Verdict | undefined, message: unknown): unknown {
    if (this.#ended) return;
    switch (verdict?.verdict) {
      case undefined:
      case "pass":
        return this.#ends.handle(message);
      case "replace":
        return this.#ends.handle(verdict.message);
      case "reply":
        return void this.#ends.transmit(verdict.message);
      case "drop":
        return;
      case "delay":
        return rest(verdict.ms, this.#ends.signal).then(() => this.#obeyIn(verdict.then, message));
      case "close":
        return this.#ends.close(verdict.last);
      default:
        return verdict satisfies never;
    }
  }

  #sendNow(message: unknown, command: string): SendResult {
    const verdict = this.#session.run("out", message, command);
    if (verdict === undefined) return this.#ends.transmit(message);
    const sent = verdict instanceof Promise
      ? verdict.then((verdict) => this.#obeyOut(verdict, message))
      : this.#obeyOut(verdict, message);
    if (!(sent instanceof Promise)) return sent;
    this.#waiting = [];
    sent.then(() => this.#sendWaiting(), (error) => this.#ends.fail(error));
    return "queued";
  }

  #obeyOut(verdict: Verdict | undefined, message: unknown): SendResult | Promise<SendResult> {
    switch (verdict?.verdict) {
      case undefined:
      case "pass":
        return this.#ends.transmit(message);
      case "replace":
        return this.#ends.transmit(verdict.message);
      case "reply":
        this.#ends.handle(verdict.message);
        return "queued";
      case "drop":
        return "queued";
      case "delay":
        return rest(verdict.ms, this.#ends.signal).then(() => this.#obeyOut(verdict.then, message));
      case "close":
        this.#ends.close(verdict.last);
        return "queued";
      default:
        return verdict satisfies never;
    }
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

/** Waits, but not beyond the end of the connection. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
