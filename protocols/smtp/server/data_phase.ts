/**
 * The content of a message, from `DATA` or the first `BDAT` to the reply to all of it.
 *
 * @module
 */

import type { Connection } from "@protohost/protohost";
import {
  type Command,
  completed,
  type ContentPart,
  lastWord,
  linesOf,
  type Reply,
  reply,
  type SmtpSession,
} from "@protohost/protohost/protocols/smtp/codec";
import { type Outcome, readAnswer } from "./answer.ts";
import type { SmtpAnswer } from "./handler.ts";
import { Incoming } from "./incoming.ts";
import type { DialogueOptions } from "./login.ts";
import { refusalOf, type Transaction } from "./transaction.ts";

const NO_MAIL = reply("503 5.5.1 MAIL first");
const NO_RECIPIENTS = reply("554 5.5.1 No valid recipients");

/** Whose message the content is of. */
export interface DataPhaseHost {
  readonly connection: Connection<Reply, SmtpSession>;
  /** The message that is open, if one is. */
  readonly mail: Transaction | undefined;
  /** The message is over. */
  forget(why: string): void;
}

/** The part of a client's dialogue that brings content. */
export class DataPhase {
  readonly #host: DataPhaseHost;
  readonly #service: DialogueOptions;
  /** The chunk that is coming: its length, whether it is the last, and why it is refused. */
  #chunk: { size: number; last: boolean; refusal?: Reply } | undefined;

  constructor(host: DataPhaseHost, service: DialogueOptions) {
    this.#host = host;
    this.#service = service;
  }

  /** Takes `DATA`. */
  begin(): Reply {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    const mail = this.#host.mail!;
    if (mail.content !== undefined) return reply("503 5.5.1 BDAT to the end");
    this.#open(mail);
    return reply("354 End with a dot alone");
  }

  /** Takes `BDAT`. */
  beginChunk({ size = 0, last = false }: Command): Outcome {
    const refusal = this.#refusal();
    this.#chunk = { size, last, refusal };
    const { mail } = this.#host;
    if (refusal === undefined && mail!.content === undefined) this.#open(mail!);
    return size === 0 ? this.#endChunk() : undefined;
  }

  /** Takes a part of the content. */
  part(message: ContentPart): Outcome {
    const content = this.#host.mail?.content;
    if (message.part === "chunk") {
      if (this.#chunk?.refusal === undefined) content?.pushChunk(message.bytes);
      return message.last ? this.#endChunk() : undefined;
    }
    const whole = completed(message, this.#host.connection.session);
    content?.push(linesOf(whole));
    return whole.last ? this.#end() : undefined;
  }

  #refusal(): Reply | undefined {
    const { mail } = this.#host;
    if (mail === undefined) return NO_MAIL;
    if (mail.recipients.length === 0) return NO_RECIPIENTS;
    if (this.#service.handler.onData === undefined) return reply("554 5.3.2 Messages are not taken here");
    return undefined;
  }

  #open(mail: Transaction): void {
    const { handler, options: { maxMessageBytes, bareNewlines } } = this.#service;
    mail.open(handler, new Incoming(this.#host.connection, { maxBytes: maxMessageBytes, bareNewlines }));
  }

  #endChunk(): Outcome {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined) return NO_MAIL;
    if (chunk.refusal !== undefined) return chunk.refusal;
    if (chunk.last) return this.#end();
    const mail = this.#host.mail!;
    const { error } = mail.content!;
    if (error === undefined) return reply(`250 2.0.0 ${chunk.size} bytes`);
    const refusal = refusalOf(error);
    this.#service.journal?.settled(mail, refusal);
    // The chunks after a refused one are refused too: they have no message.
    this.#host.forget("it was refused");
    return refusal;
  }

  async #end(): Promise<Reply> {
    const mail = this.#host.mail!;
    const content = mail.content!;
    content.end();
    const result = await mail.result!;
    this.#host.forget("it is over");
    const { journal } = this.#service;
    if (content.error === undefined && "error" in result) {
      journal?.settled(mail, lastWord(result.error as Error) ?? "the connection ends");
      throw result.error;
    }
    const answer = content.error !== undefined
      ? refusalOf(content.error)
      : readAnswer((result as { answer: SmtpAnswer }).answer) ?? reply("250 2.0.0 Accepted");
    journal?.settled(mail, answer);
    return answer;
  }
}
