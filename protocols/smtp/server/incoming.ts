/**
 * The content of a message between the connection that brings it and the handler that reads it.
 *
 * One part waits at most: with it the connection pauses, until the handler asks for it.
 *
 * What can fail: it is longer than the limit, a chunk has a bare CR or LF and those are refused, the client goes or starts
 * anew. Then the handler's iteration throws, the rest is discarded, and the client hears of it at the end of the content.
 *
 * @module
 */

import { SmtpError } from "@protohost/protohost/protocols/smtp/codec";
import type { SmtpContent } from "./handler.ts";
import { NewlineNormalizer } from "./newlines.ts";

const LF = 0x0a;
const CR = 0x0d;

/** A message is longer than the limit; `code` is `message_too_large`. */
export class MessageTooLargeError extends RangeError {
  /** The class's own name. */
  override readonly name = "MessageTooLargeError";
  /** What programs compare. */
  readonly code = "message_too_large";

  /** Makes the error of a message. */
  constructor(maxBytes: number) {
    super(`Cannot take the message: it is longer than ${maxBytes} bytes`);
  }
}

/** What brings the content. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** What is taken of content. */
export interface IncomingOptions {
  /** The longest content in bytes. */
  maxBytes: number;
  /** What becomes of a bare CR or LF in a chunk. */
  bareNewlines: "normalize" | "refuse";
}

/** One message's content. */
export class Incoming implements SmtpContent {
  readonly #source: Source;
  readonly #maxBytes: number;
  readonly #normalizer: NewlineNormalizer | undefined;
  readonly #waiting: Uint8Array[] = [];
  #wanted: (() => void) | undefined;
  #isRead = false;
  #isOver = false;
  #discards = false;
  #endsWithCr = false;
  #bytes = 0;
  /** Why there is no more. */
  error: Error | undefined;

  constructor(source: Source, { maxBytes, bareNewlines }: IncomingOptions) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    if (bareNewlines === "normalize") this.#normalizer = new NewlineNormalizer();
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all of it has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes lines. */
  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.error === undefined && this.#bytes > this.#maxBytes) {
      this.fail(new MessageTooLargeError(this.#maxBytes));
    }
    if (this.#discards || this.error !== undefined || bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#source.pause();
    this.#wake();
  }

  /** Takes some of a chunk, whose line ends nobody has looked at. */
  pushChunk(bytes: Uint8Array): void {
    if (this.#normalizer !== undefined) return this.push(this.#normalizer.push(bytes));
    for (let at = 0; at < bytes.length && this.error === undefined;) {
      if (this.#endsWithCr && bytes[at] !== LF) this.#refuse("bare_cr", "a CR without LF");
      const lf = bytes.indexOf(LF, at);
      const cr = bytes.indexOf(CR, at);
      const before = lf > 0 ? bytes[lf - 1] === CR : this.#endsWithCr;
      if (lf >= 0 && !before) this.#refuse("bare_lf", "an LF without CR");
      const end = lf < 0 ? bytes.length : lf + 1;
      if (cr >= 0 && cr < (lf < 0 ? end - 1 : lf - 1)) this.#refuse("bare_cr", "a CR without LF");
      this.#endsWithCr = bytes[end - 1] === CR;
      at = end;
    }
    this.push(bytes);
  }

  /** All of it has come. */
  end(): void {
    if (this.#endsWithCr) this.#refuse("bare_cr", "a CR without LF");
    if (this.#normalizer !== undefined) this.push(this.#normalizer.end());
    this.#isOver = true;
    this.#wake();
  }

  /** No more will come. */
  fail(error: Error): void {
    if (this.#isOver || this.error !== undefined) return;
    this.error = error;
    this.discard();
    this.#wake();
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#discards = true;
    this.#waiting.length = 0;
    this.#source.resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#isRead) throw new TypeError("Cannot read the content: it has been read before");
    this.#isRead = true;
    try {
      for (;;) {
        if (this.error !== undefined) throw this.error;
        const bytes = this.#waiting.shift();
        if (bytes !== undefined) {
          // The next part may come while this one is being worked on.
          this.#source.resume();
          yield bytes;
        } else if (this.#isOver) return;
        else await new Promise<void>((resolve) => this.#wanted = resolve);
      }
    } finally {
      this.discard();
    }
  }

  #refuse(code: "bare_cr" | "bare_lf", found: string): void {
    this.fail(new SmtpError(code, `Cannot take the message: found ${found}, wanted CR LF`));
  }

  #wake(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }
}
