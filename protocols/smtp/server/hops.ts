/**
 * Mail loops (RFC 5321, section 6.3). A message that comes back has a `Received` line more each time; servers count them.
 * But a relay asks the next server for each recipient before there is a message. Where that leads back to itself, each
 * round opens one connection more. So relays count the open rounds too, by a parameter of `MAIL` that they offer to each
 * other: `XHOPS=2`.
 *
 * @module
 */

import { reply } from "@protohost/protohost/protocols/smtp/codec";
import type { SmtpContent } from "./handler.ts";

/** The extension's keyword and the parameter's name. */
export const HOPS = "XHOPS";
/** How many relays may have one transaction open at a time, each waiting for the next. */
export const MAX_OPEN_HOPS = 16;
/** What a message that loops is answered with. */
export const LOOP = reply("554 5.4.6 Mail loop: too many hops");

const CR = 0x0d;
const LF = 0x0a;
const RECEIVED = new TextEncoder().encode("received:");
const TO_LOWER_CASE = 0x20;

/** A message has been through too many servers; `code` is `mail_loop`. */
export class MailLoopError extends Error {
  /** The class's own name. */
  override readonly name = "MailLoopError";
  /** What programs compare. */
  readonly code = "mail_loop";

  /** Makes the error of a message with more `Received` lines than may be. */
  constructor(maxHops: number) {
    super(`Cannot take the message: it has more than ${maxHops} Received lines, so it is in a loop`);
  }
}

/** The number in a parameter of `MAIL`; 0 without it, undefined if it is not a number. */
export function readHops(params: Readonly<Record<string, string>>): number | undefined {
  if (!(HOPS in params)) return 0;
  return /^\d{1,3}$/.test(params[HOPS]) ? Number(params[HOPS]) : undefined;
}

/**
 * The same content.
 *
 * @throws {MailLoopError} From the iteration, when there have been more `Received` lines in the header than may be.
 */
export async function* withHopLimit(content: SmtpContent, maxHops: number): AsyncGenerator<Uint8Array, void> {
  const counter = new ReceivedCounter();
  for await (const bytes of content) {
    if (counter.count(bytes) > maxHops) throw new MailLoopError(maxHops);
    yield bytes;
  }
}

/** Counts the `Received` lines of a header that comes in pieces. */
export class ReceivedCounter {
  #count = 0;
  /** Offset in the line under way; -1 where it cannot be a `Received` line any more, and the header is not over. */
  #at = 0;
  #isEmpty = true;
  #isOver = false;

  /** Takes a piece; answers how many lines there have been. */
  count(bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length && !this.#isOver; i++) this.#take(bytes[i]);
    return this.#count;
  }

  #take(byte: number): void {
    if (byte === LF) {
      this.#isOver = this.#isEmpty;
      this.#at = 0;
      this.#isEmpty = true;
      return;
    }
    if (byte !== CR) this.#isEmpty = false;
    if (this.#at < 0) return;
    if ((byte | TO_LOWER_CASE) !== RECEIVED[this.#at]) this.#at = -1;
    else if (++this.#at === RECEIVED.length) {
      this.#count++;
      this.#at = -1;
    }
  }
}
