/**
 * The mail service that needs no handler: takes mail to Maildirs, hands it on to the next server, or both.
 *
 * A recipient at one of `domains` goes to its Maildir; any other, if the client is a user, to the next server. Without a
 * Maildir those of `domains` go to the next server too. One message goes one of the ways: a recipient of the other one is
 * put off with a 452, with which clients send again.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bytes, type ServiceContext } from "@protohost/protohost";
import { verifyPassword } from "@protohost/protohost/password";
import { type Reply, reply, SmtpError } from "@protohost/protohost/protocols/smtp/codec";
import type { AuthAttempt, Mail, Recipient, SmtpClient, SmtpContent, SmtpHandler } from "./handler.ts";
import { MessageTooLargeError } from "./incoming.ts";
import { addressOf, ID, type Journal, REASON } from "./journal.ts";
import { deliver, type Maildir } from "./maildir.ts";
import { Mailboxes, splitAddress } from "./mailboxes.ts";
import type { MailOptions } from "./mail_options.ts";
import { Rate } from "./rate.ts";
import { RelayError, Upstream } from "./relay.ts";
import { receivedLine, returnPathLine } from "./trace.ts";

const ROUTE = "route";
const TOO_MANY = reply("450 4.7.1 Too many messages, try again later");

/** Where one message goes. */
type Route = { maildirs: Set<Maildir> } | { upstream: Upstream };

/** Makes the handler of such a service. Who serves its clients tells the journal what they were answered. */
export function mailService(options: MailOptions, journal: Journal): SmtpHandler {
  const service = new MailService(options);
  return {
    onStart(context) {
      journal.log = context.log;
      return service.start(context);
    },
    onConnect: (client) => service.greet(client),
    onAuth: options.users === undefined ? undefined : (attempt) => service.authenticate(attempt),
    onMail: (mail) => service.announce(mail),
    onRcpt: (recipient, mail) => service.address(recipient, mail),
    onData: (content, mail) => service.take(content, mail),
  };
}

class MailService {
  readonly #options: MailOptions;
  #mailboxes: Mailboxes | undefined;
  readonly #rate: Rate | undefined;
  #isTlsKnown = false;
  #log: ServiceContext["log"] | undefined;

  constructor(options: MailOptions) {
    this.#options = options;
    if (options.rate !== undefined) this.#rate = new Rate(options.rate);
  }

  async start({ log, base }: ServiceContext): Promise<void> {
    this.#log = log;
    const { maildir: path, create, domains, hostname } = this.#options;
    if (path === undefined) return;
    const maildir = isAbsolute(path) ? path : resolve(fileURLToPath(base), path);
    this.#mailboxes = new Mailboxes({ maildir, create, domain: domains?.[0] ?? hostname, hostname });
    await this.#mailboxes.prepare();
  }

  /** Of TLS a service learns with its first client. */
  greet({ isSecure, connection }: SmtpClient): void {
    if (this.#isTlsKnown) return;
    this.#isTlsKnown = true;
    if (isSecure || connection.canStartTls) return;
    const { users, authWithoutTls, requireTls } = this.#options;
    const remedy = "the service has no TLS; give it tls: { cert, key }";
    const warning = requireTls
      ? `No mail is taken, since options.requireTls is true and ${remedy}`
      : users !== undefined && !authWithoutTls
      ? `AUTH is not offered, and options.users is for nothing: ${remedy}, or options: { authWithoutTls: true }`
      : undefined;
    if (warning !== undefined) this.#log?.warn("{warning}", { warning });
  }

  authenticate({ user, password }: AuthAttempt): Promise<boolean> {
    const { users = {} } = this.#options;
    return verifyPassword(password, Object.hasOwn(users, user) ? users[user] : undefined);
  }

  announce({ client }: Mail): Reply | undefined {
    return this.#rate?.has(addressOf(client), Date.now()) === false ? TOO_MANY : undefined;
  }

  async address({ address, path }: Recipient, mail: Mail): Promise<Reply | undefined> {
    const { relay, domains } = this.#options;
    const domain = splitAddress(address, domains?.[0] ?? this.#options.hostname).domain.toLowerCase();
    const isOurs = domains?.includes(domain) ?? this.#mailboxes !== undefined;
    if (isOurs && this.#mailboxes !== undefined) return await this.#toMaildir(address, mail, this.#mailboxes);
    if (relay !== undefined && (isOurs || mail.client.user !== undefined || relay.open)) {
      return await this.#toUpstream(path, mail);
    }
    return reply("550 5.7.1 Mail for there is not taken here");
  }

  async take(content: SmtpContent, mail: Mail): Promise<Reply> {
    const route = mail.notes.get(ROUTE) as Route;
    const id = crypto.randomUUID();
    mail.notes.set(ID, id);
    // Several connections may have been told that one more is taken.
    if (this.#rate?.take(addressOf(mail.client), Date.now()) === false) return TOO_MANY;
    const { hostname, trace } = this.#options;
    const received = trace ? receivedLine(mail, { hostname, id, now: new Date() }) : "";
    if ("upstream" in route) return await this.#handOn(content, bytes(received), route.upstream);
    return await this.#store(content, bytes(trace ? returnPathLine(mail) + received : ""), { id, route });
  }

  async #toMaildir(address: string, mail: Mail, mailboxes: Mailboxes): Promise<Reply | undefined> {
    const route = mail.notes.get(ROUTE) as Route | undefined;
    if (route !== undefined && !("maildirs" in route)) return anotherWay();
    const maildir = await mailboxes.of(address);
    if (typeof maildir === "string") {
      mail.notes.set(REASON, maildir);
      return reply("550 5.1.1 No such mailbox");
    }
    if (route === undefined) mail.notes.set(ROUTE, { maildirs: new Set([maildir]) } satisfies Route);
    else route.maildirs.add(maildir);
    return undefined;
  }

  async #toUpstream(path: string, mail: Mail): Promise<Reply> {
    const route = mail.notes.get(ROUTE) as Route | undefined;
    if (route !== undefined && !("upstream" in route)) return anotherWay();
    try {
      if (route !== undefined) return await route.upstream.rcpt(path);
      const { hostname, relay } = this.#options;
      const upstream = await Upstream.open(relay!, { hostname, signal: mail.client.connection.signal });
      if (mail.signal.aborted) upstream.close();
      mail.signal.addEventListener("abort", () => upstream.close());
      const announced = await upstream.mail(mail);
      if (announced.code >= 300) {
        upstream.close();
        return announced;
      }
      mail.notes.set(ROUTE, { upstream } satisfies Route);
      return await upstream.rcpt(path);
    } catch (error) {
      return this.#relayFailed(error);
    }
  }

  async #handOn(content: SmtpContent, head: Uint8Array, upstream: Upstream): Promise<Reply> {
    try {
      return await upstream.data(content, head);
    } catch (error) {
      return this.#relayFailed(error);
    }
  }

  async #store(
    content: SmtpContent,
    head: Uint8Array,
    { id, route }: { id: string; route: { maildirs: Set<Maildir> } },
  ): Promise<Reply> {
    try {
      await deliver(content, { maildirs: [...route.maildirs], head });
      return reply(`250 2.0.0 Accepted as ${id}`);
    } catch (error) {
      // Of what came, and did not come, the client hears elsewhere.
      if (!(error instanceof SmtpError || error instanceof MessageTooLargeError)) {
        this.#log?.error("Cannot store a message: {error}", { error: String(error) });
      }
      return reply("452 4.3.1 The message cannot be stored, try again later");
    }
  }

  #relayFailed(error: unknown): Reply {
    if (error instanceof SmtpError || error instanceof MessageTooLargeError) {
      return reply("451 4.3.0 Not handed on");
    }
    if (!(error instanceof RelayError)) throw error;
    this.#log?.error("{error}", { error: error.message });
    return error.reply;
  }
}

function anotherWay(): Reply {
  return reply("452 4.5.3 Send to this recipient separately");
}
