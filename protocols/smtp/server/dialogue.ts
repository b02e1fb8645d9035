/**
 * A server's side of one connection.
 *
 * | state | is left for |
 * | --- | --- |
 * | greeted | ready, by `EHLO` or `HELO` |
 * | ready | mail, by an accepted `MAIL`; greeted, by `STARTTLS`, which forgets all that was said |
 * | mail | content, by `DATA` or `BDAT` with a recipient accepted; ready, by `RSET`, `EHLO`, `HELO` |
 * | content | ready, with the reply to the last of it; by `RSET` between chunks |
 *
 * `connection.state` is one of these. What it throws ends the connection with a 421.
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
  refusalOfFault,
  type Reply,
  reply,
  type Said,
  type SmtpSession,
} from "@protohost/protohost/protocols/smtp/codec";
import { after, type Outcome, readAnswer } from "./answer.ts";
import { refusalOfHelo, refusalOfMail, refusalOfRcpt } from "./envelope.ts";
import { extensions } from "./extensions.ts";
import type { SmtpAnswer, SmtpClient, SmtpHandler } from "./handler.ts";
import { Incoming } from "./incoming.ts";
import type { Journal } from "./journal.ts";
import type { ServiceOptions } from "./options.ts";
import { type DialogueOptions, Login, TOO_MANY_ERRORS } from "./login.ts";
import { refusalOf, Transaction } from "./transaction.ts";

const OK = reply("250 2.0.0 Ok");
const NO_MAIL = reply("503 5.5.1 MAIL first");
const NO_RECIPIENTS = reply("554 5.5.1 No valid recipients");
const NO_ARGUMENTS = reply("501 5.5.4 Wanted no arguments");
const GOING_DOWN = reply("421 4.3.2 The service is going down");

/** One client, from its greeting to its end. */
export class Dialogue implements SmtpClient {
  readonly connection: Connection<Reply, SmtpSession>;
  readonly notes: Map<string, unknown> = new Map();
  helo = "";
  isExtended = false;
  user: string | undefined;
  readonly #handler: SmtpHandler;
  readonly #options: ServiceOptions;
  readonly #login: Login;
  readonly #journal: Journal | undefined;
  #mail: Transaction | undefined;
  /** The chunk that is coming: how long it is, whether it is the last, and why it is refused. */
  #chunk: { size: number; last: boolean; refusal?: Reply } | undefined;
  #errors = 0;
  #isDraining = false;

  constructor(
    connection: Connection<Reply, SmtpSession>,
    { handler, options, journal }: DialogueOptions,
  ) {
    this.connection = connection;
    this.#handler = handler;
    this.#options = options;
    this.#journal = journal;
    this.#login = new Login(this, { handler, options, journal });
  }

  get isSecure(): boolean {
    return this.connection.transport === "tls";
  }

  /** Says the first word. */
  greet(): void | Promise<void> {
    return after(this.#handler.onConnect?.(this), (answer) => {
      const refusal = readAnswer(answer);
      if (refusal !== undefined && refusal.code >= 400) this.connection.close(refusal);
      else this.connection.send(refusal ?? { code: 220, lines: [`${this.#options.hostname} ESMTP`] });
    });
  }

  /** Takes what the client says. */
  hear(message: Said): void | Promise<void> {
    const outcome = "part" in message
      ? this.#part(message)
      : "verb" in message
      ? this.#command(message)
      : this.#login.next(message.response);
    return after(outcome, (reply) => this.#say(reply));
  }

  /** Says goodbye, now or behind the message that is under way. */
  drain(): void {
    this.#isDraining = true;
    if (this.#mail === undefined) this.connection.close(GOING_DOWN);
  }

  /** The client is gone. */
  end(): void {
    this.#reset("the client is gone");
    this.#handler.onClose?.(this);
  }

  #say(reply: Reply | undefined): void {
    if (reply === undefined) return;
    if (reply.code === 221 || reply.code === 421) return this.connection.close(reply);
    if (reply.code >= 500 && ++this.#errors >= this.#options.maxErrors) {
      return this.connection.close(TOO_MANY_ERRORS);
    }
    this.connection.send(reply);
    if (this.#isDraining && this.#mail === undefined) this.connection.close(GOING_DOWN);
  }

  #command(command: Command): Outcome {
    const { verb, fault } = command;
    // Of these the reply says what is wrong with the argument.
    const isSpecific = verb === "EHLO" || verb === "HELO" || verb === "MAIL" || verb === "RCPT";
    if (fault !== undefined && !isSpecific) return refusalOfFault(fault);
    switch (command.verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(command);
      case "MAIL":
        return this.#from(command);
      case "RCPT":
        return this.#to(command);
      case "DATA":
        return this.#data(command);
      case "BDAT":
        return this.#bdat(command);
      case "AUTH":
        return this.#login.begin(command.args, this.#mail !== undefined);
      case "STARTTLS":
        return this.#startTls(command);
      case "RSET":
        if (command.args !== "") return NO_ARGUMENTS;
        this.#reset("the client has begun anew");
        return OK;
      case "NOOP":
        return OK;
      case "VRFY":
        return reply("252 2.5.2 Send some mail, and see");
      case "HELP":
        return reply("214 2.0.0 EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS AUTH QUIT");
      case "QUIT":
        return reply("221 2.0.0 Bye");
      case "EXPN":
        return reply("502 5.5.1 Not offered");
      default:
        return reply("500 5.5.2 Unknown command");
    }
  }

  // Who the client is

  #hello(command: Command): Outcome {
    const refusal = refusalOfHelo(command);
    if (refusal !== undefined) return refusal;
    const before = { helo: this.helo, isExtended: this.isExtended };
    this.#reset("the client has begun anew");
    this.helo = command.args;
    this.isExtended = command.verb === "EHLO";
    return after(this.#handler.onHelo?.(this), (answer) => {
      const answered = readAnswer(answer);
      if (answered !== undefined && answered.code >= 400) {
        Object.assign(this, before);
        return answered;
      }
      return answered ??
        { code: 250, lines: [this.#options.hostname, ...(this.isExtended ? this.#extensions() : [])] };
    });
  }

  #extensions(): string[] {
    const { connection, isSecure } = this;
    return extensions(this.#options, {
      tls: connection.canStartTls && !isSecure,
      auth: this.#login.isOffered,
    });
  }

  #startTls({ args }: Command): Outcome {
    if (args !== "") return NO_ARGUMENTS;
    if (this.isSecure) return reply("503 5.5.1 TLS is on");
    if (!this.connection.canStartTls) return reply("502 5.5.1 TLS is not offered");
    this.#reset("the client has begun TLS");
    this.helo = "";
    this.user = undefined;
    return reply("220 2.0.0 Go ahead");
  }

  // The envelope

  #from(command: Command): Outcome {
    if (this.helo === "") return reply("503 5.5.1 EHLO first");
    if (this.#mail !== undefined) return reply("503 5.5.1 One message at a time");
    if (this.#options.requireTls && !this.isSecure) return reply("530 5.7.0 Begin TLS first");
    if (this.#options.requireAuth && this.user === undefined) {
      return reply("530 5.7.0 Authenticate first");
    }
    const refusal = refusalOfMail(command, this.#options);
    if (refusal !== undefined) return refusal;
    const mail = new Transaction(this, command);
    return after(this.#handler.onMail?.(mail), (answer) => {
      const answered = readAnswer(answer);
      if (answered !== undefined && answered.code >= 400) {
        mail.end("it was refused");
        this.#journal?.refusedSender(mail, answered);
      } else this.#mail = mail;
      return answered ?? reply("250 2.1.0 Ok");
    });
  }

  #to(command: Command): Outcome {
    const mail = this.#mail;
    if (mail === undefined || mail.content !== undefined) return NO_MAIL;
    return after(this.#recipient(command, mail), (reply) => {
      if (reply.code >= 400) {
        this.#journal?.refusedRecipient(mail, command.path ?? command.address ?? command.args, reply);
      }
      return reply;
    });
  }

  #recipient(command: Command, mail: Transaction): Reply | Promise<Reply> {
    const refusal = refusalOfRcpt(command, { isUtf8: "SMTPUTF8" in mail.params });
    if (refusal !== undefined) return refusal;
    if (mail.recipients.length >= this.#options.maxRecipients) {
      return reply("452 4.5.3 Too many recipients");
    }
    const { address = "", path = address, params = {} } = command;
    const recipient = { address, path, params };
    return after(this.#handler.onRcpt?.(recipient, mail), (answer) => {
      const answered = readAnswer(answer);
      if (answered === undefined || answered.code < 400) mail.recipients.push(recipient);
      return answered ?? reply("250 2.1.5 Ok");
    });
  }

  // The content

  #data({ args }: Command): Outcome {
    const refusal = args !== "" ? NO_ARGUMENTS : this.#refusalOfContent();
    if (refusal !== undefined) return refusal;
    if (this.#mail!.content !== undefined) return reply("503 5.5.1 BDAT to the end");
    this.#open(this.#mail!);
    return reply("354 End with a dot alone");
  }

  #bdat({ size = 0, last = false }: Command): Outcome {
    const refusal = this.#refusalOfContent();
    this.#chunk = { size, last, refusal };
    const mail = this.#mail;
    if (refusal === undefined && mail!.content === undefined) this.#open(mail!);
    return size === 0 ? this.#chunkEnd() : undefined;
  }

  #refusalOfContent(): Reply | undefined {
    if (this.#mail === undefined) return NO_MAIL;
    if (this.#mail.recipients.length === 0) return NO_RECIPIENTS;
    if (this.#handler.onData === undefined) return reply("554 5.3.2 Messages are not taken here");
    return undefined;
  }

  #open(mail: Transaction): void {
    mail.open(this.#handler, new Incoming(this.connection, this.#options.maxMessageBytes));
  }

  #part(message: ContentPart): Outcome {
    const content = this.#mail?.content;
    if (message.part === "chunk") {
      if (this.#chunk?.refusal === undefined) content?.pushChunk(message.bytes);
      return message.last ? this.#chunkEnd() : undefined;
    }
    const whole = completed(message, this.connection.session);
    content?.push(linesOf(whole));
    return whole.last ? this.#contentEnd() : undefined;
  }

  #chunkEnd(): Outcome {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined) return NO_MAIL;
    if (chunk.refusal !== undefined) return chunk.refusal;
    if (chunk.last) return this.#contentEnd();
    const { error } = this.#mail!.content!;
    if (error === undefined) return reply(`250 2.0.0 ${chunk.size} bytes`);
    const refusal = refusalOf(error);
    this.#journal?.settled(this.#mail!, refusal);
    // What comes behind a chunk that was refused is refused too: there is no message for it.
    this.#forget("it was refused");
    return refusal;
  }

  async #contentEnd(): Promise<Reply> {
    const mail = this.#mail!;
    const content = mail.content!;
    content.end();
    const result = await mail.result!;
    this.#forget("it is over");
    if (content.error === undefined && "error" in result) {
      this.#journal?.settled(mail, lastWord(result.error as Error) ?? "the connection ends");
      throw result.error;
    }
    const said = content.error !== undefined
      ? refusalOf(content.error)
      : readAnswer((result as { answer: SmtpAnswer }).answer) ?? reply("250 2.0.0 Accepted");
    this.#journal?.settled(mail, said);
    return said;
  }

  /** Ends what is under way, if anything is. */
  #reset(why: string): void {
    const mail = this.#mail;
    this.#forget(why);
    if (mail?.content === undefined || mail.content.isOver) return;
    const { error } = this.connection;
    this.#journal?.settled(mail, (error && lastWord(error)) ?? error?.message ?? why);
  }

  #forget(why: string): void {
    const mail = this.#mail;
    this.#mail = undefined;
    this.#login.forget();
    mail?.end(why);
  }
}
