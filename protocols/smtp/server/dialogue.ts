/**
 * A server's side of one connection.
 *
 * | state | left for |
 * | --- | --- |
 * | greeted | ready, by `EHLO` or `HELO` |
 * | ready | mail, by an accepted `MAIL`; greeted, by `STARTTLS`, which forgets all that was said |
 * | mail | content, by `DATA` or `BDAT` with a recipient accepted; ready, by `RSET`, `EHLO`, `HELO` |
 * | content | ready, with the reply to all of it; by `RSET` between chunks |
 *
 * `connection.state` is one of these. What it throws ends the connection with a 421.
 *
 * @module
 */

import type { Connection } from "@protohost/protohost";
import {
  type Command,
  lastWord,
  plainCommand,
  refusalOfFault,
  type Reply,
  reply,
  type Said,
  type SmtpSession,
} from "@protohost/protohost/protocols/smtp/codec";
import { after, type Outcome, readAnswer } from "./answer.ts";
import { DataPhase, type DataPhaseHost } from "./data_phase.ts";
import { refusalOfHelo, refusalOfMail, refusalOfRcpt } from "./envelope.ts";
import { extensions } from "./extensions.ts";
import type { SmtpClient } from "./handler.ts";
import { type DialogueOptions, Login, TOO_MANY_ERRORS } from "./login.ts";
import { Transaction } from "./transaction.ts";

const OK = reply("250 2.0.0 Ok");
const NO_MAIL = reply("503 5.5.1 MAIL first");
const NO_ARGUMENTS = reply("501 5.5.4 Wanted no arguments");
const UNKNOWN = reply("500 5.5.2 Unknown command");
const GOING_DOWN = reply("421 4.3.2 The service is going down");
const NOT_CONTENT = reply("421 4.5.0 DATA was refused: content is not expected");

/** One client, from its greeting to its end. */
export class Dialogue implements SmtpClient, DataPhaseHost {
  readonly connection: Connection<Reply, SmtpSession>;
  readonly notes: Map<string, unknown> = new Map();
  helo = "";
  isExtended = false;
  user: string | undefined;
  readonly #service: DialogueOptions;
  readonly #login: Login;
  readonly #data: DataPhase;
  #mail: Transaction | undefined;
  #errors = 0;
  /** Whether the last command was a DATA that was refused: what follows may be its content. */
  #hasRefusedData = false;
  #isDraining = false;

  constructor(connection: Connection<Reply, SmtpSession>, service: DialogueOptions) {
    this.connection = connection;
    this.#service = service;
    this.#login = new Login(this, service);
    this.#data = new DataPhase(this, service);
  }

  get isSecure(): boolean {
    return this.connection.transport === "tls";
  }

  get mail(): Transaction | undefined {
    return this.#mail;
  }

  /** Speaks first. */
  greet(): void | Promise<void> {
    const { handler, options } = this.#service;
    return after(handler.onConnect?.(this), (answer) => {
      const refusal = readAnswer(answer);
      if (refusal !== undefined && refusal.code >= 400) this.connection.close(refusal);
      else this.connection.send(refusal ?? { code: 220, lines: [`${options.hostname} ESMTP`] });
    });
  }

  /** Takes what the client says. */
  hear(message: Said): void | Promise<void> {
    const outcome = "part" in message
      ? this.#data.part(message)
      : "verb" in message
      ? this.#command(message)
      : this.#login.next(message.response);
    return after(outcome, (reply) => this.#say(reply));
  }

  /** Says goodbye, now or after the message that is on its way. */
  drain(): void {
    this.#isDraining = true;
    if (this.#mail === undefined) this.connection.close(GOING_DOWN);
  }

  /** The client is gone. */
  end(): void {
    this.#reset("the client is gone");
    this.#service.handler.onClose?.(this);
  }

  /** Ends the message that is open. */
  forget(why: string): void {
    const mail = this.#mail;
    this.#mail = undefined;
    this.#login.forget();
    mail?.end(why);
  }

  #say(reply: Reply | undefined): void {
    if (reply === undefined) return;
    if (reply.code === 221 || reply.code === 421) return this.connection.close(reply);
    if (reply.code >= 500 && ++this.#errors >= this.#service.options.maxErrors) {
      return this.connection.close(TOO_MANY_ERRORS);
    }
    this.connection.send(reply);
    if (this.#isDraining && this.#mail === undefined) this.connection.close(GOING_DOWN);
  }

  #command(given: Command): Outcome {
    const mayBeContent = this.#hasRefusedData;
    this.#hasRefusedData = false;
    const outcome = this.#known(this.#service.options.requireBrackets ? given : plainCommand(given) ?? given);
    return mayBeContent && (outcome === UNKNOWN || given.fault !== undefined) ? NOT_CONTENT : outcome;
  }

  #known(command: Command): Outcome {
    const { verb, args, fault } = command;
    switch (verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(command);
      case "MAIL":
        return this.#from(command);
      case "RCPT":
        return this.#to(command);
    }
    if (fault === "too_long") return refusalOfFault(fault);
    switch (fault === undefined ? verb : "") {
      case "DATA":
        return this.#dataReply(args !== "" ? NO_ARGUMENTS : this.#data.begin());
      case "BDAT":
        return this.#data.beginChunk(command);
      case "AUTH":
        return this.#login.begin(args, this.#mail !== undefined);
      case "STARTTLS":
        return this.#startTls(args);
      case "RSET":
        if (args !== "") return NO_ARGUMENTS;
        this.#reset("the client has started anew");
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
        return fault === undefined ? UNKNOWN : refusalOfFault(fault);
    }
  }

  // Who the client is

  #hello(command: Command): Outcome {
    const refusal = refusalOfHelo(command);
    if (refusal !== undefined) return refusal;
    const before = { helo: this.helo, isExtended: this.isExtended };
    this.#reset("the client has started anew");
    this.helo = command.args;
    this.isExtended = command.verb === "EHLO";
    const { handler, options } = this.#service;
    return after(handler.onHelo?.(this), (answer) => {
      const answered = readAnswer(answer);
      if (answered !== undefined && answered.code >= 400) {
        Object.assign(this, before);
        return answered;
      }
      return answered ??
        { code: 250, lines: [options.hostname, ...(this.isExtended ? this.#extensions() : [])] };
    });
  }

  #extensions(): string[] {
    const { connection, isSecure } = this;
    const { options, countsHops = false } = this.#service;
    return extensions(options, {
      tls: connection.canStartTls && !isSecure,
      auth: this.#login.isOffered,
      hops: countsHops,
    });
  }

  #startTls(args: string): Outcome {
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
    const { handler, options, journal, countsHops = false } = this.#service;
    if (this.helo === "") return reply("503 5.5.1 EHLO first");
    if (this.#mail !== undefined) return reply("503 5.5.1 One message at a time");
    if (options.requireTls && !this.isSecure) return reply("530 5.7.0 Begin TLS first");
    if (options.requireAuth && this.user === undefined) return reply("530 5.7.0 Authenticate first");
    const refusal = refusalOfMail(command, { maxMessageBytes: options.maxMessageBytes, countsHops });
    if (refusal !== undefined) return refusal;
    const mail = new Transaction(this, command);
    return after(handler.onMail?.(mail), (answer) => {
      const answered = readAnswer(answer);
      if (answered !== undefined && answered.code >= 400) {
        mail.end("it was refused");
        journal?.refusedSender(mail, answered);
      } else this.#mail = mail;
      return answered ?? reply("250 2.1.0 Ok");
    });
  }

  #to(command: Command): Outcome {
    const mail = this.#mail;
    if (mail === undefined || mail.content !== undefined) return NO_MAIL;
    return after(this.#recipient(command, mail), (reply) => {
      if (reply.code >= 400) {
        const { path, address, args } = command;
        this.#service.journal?.refusedRecipient(mail, path ?? address ?? args, reply);
      }
      return reply;
    });
  }

  #recipient(command: Command, mail: Transaction): Reply | Promise<Reply> {
    const refusal = refusalOfRcpt(command, { isUtf8: "SMTPUTF8" in mail.params });
    if (refusal !== undefined) return refusal;
    const { handler, options } = this.#service;
    if (mail.recipients.length >= options.maxRecipients) {
      return reply("452 4.5.3 Too many recipients");
    }
    const { address = "", path = address, params = {} } = command;
    const recipient = { address, path, params };
    return after(handler.onRcpt?.(recipient, mail), (answer) => {
      const answered = readAnswer(answer);
      if (answered === undefined || answered.code < 400) mail.recipients.push(recipient);
      return answered ?? reply("250 2.1.5 Ok");
    });
  }

  #dataReply(reply: Reply): Reply {
    this.#hasRefusedData = reply.code >= 400;
    return reply;
  }

  /** Ends the message that is open, if one is, and says why in the log. */
  #reset(why: string): void {
    const mail = this.#mail;
    this.forget(why);
    if (mail?.content === undefined || mail.content.isOver) return;
    const { error } = this.connection;
    this.#service.journal?.settled(mail, (error && lastWord(error)) ?? error?.message ?? why);
  }
}
