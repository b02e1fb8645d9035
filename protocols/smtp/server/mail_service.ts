/**
 * The mail service that needs no handler: it keeps mail in Maildirs, relays it to the next server, or both.
 *
 * A recipient at one of `domains` goes to its Maildir; any other, if the client is a user, to the next server. Without a
 * Maildir those of `domains` go to the next server too. One message goes one of the ways: a recipient of the other one is
 * put off with a 452, after which clients send again.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bytes, type ServiceContext } from "@protohost/protohost";
import { QueueFullError, verifyPassword } from "@protohost/protohost/password";
import { foldCase, type Reply, reply, SmtpError } from "@protohost/protohost/protocols/smtp/codec";
import type { AuthAttempt, Mail, Recipient, SmtpClient, SmtpContent, SmtpHandler } from "./handler.ts";
import { LOOP, MailLoopError, withHopLimit } from "./hops.ts";
import { MessageTooLargeError } from "./incoming.ts";
import { ID, type Journal, REASON } from "./journal.ts";
import { deliver } from "./delivery.ts";
import type { Maildir } from "./maildir.ts";
import { Mailboxes, splitAddress } from "./mailboxes.ts";
import type { MailOptions } from "./mail_options.ts";
import { addressOf, ownerOf } from "./network.ts";
import { Rate } from "./rate.ts";
import { RelayError, TIMES, Upstream } from "./relay.ts";
import { receivedLine, returnPathLine } from "./trace.ts";

const ROUTE = "route";
const TOO_MANY = reply("450 4.7.1 Too many messages, try again later");

/** Where one message goes. */
type Route = { maildirs: Set<Maildir> } | Relayed;

/** A message that goes to the next server. */
interface Relayed {
  upstream: Upstream;
  /** Ends the conversation, once. */
  end(): void;
}

/** Makes the handler of such a service. */
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
  readonly #domains: ReadonlySet<string> | undefined;
  /** The hashes of all users. */
  readonly #hashes: readonly string[];
  #mailboxes: Mailboxes | undefined;
  readonly #rate: Rate | undefined;
  /** Connections to the next server. */
  #upstreams = 0;
  #isTlsKnown = false;
  #log: ServiceContext["log"] | undefined;

  constructor(options: MailOptions) {
    this.#options = options;
    this.#domains = options.domains && new Set(options.domains.map(foldCase));
    this.#hashes = Object.values(options.users ?? {});
    if (options.rate !== undefined) this.#rate = new Rate(options.rate);
  }

  async start({ log, base }: ServiceContext): Promise<void> {
    this.#log = log;
    const { maildir: path, create, hostname } = this.#options;
    if (path === undefined) return;
    const maildir = isAbsolute(path) ? path : resolve(fileURLToPath(base), path);
    this.#mailboxes = new Mailboxes({ maildir, create, domain: this.#ownDomain, hostname });
    await this.#mailboxes.prepare();
  }

  /** A service learns with its first client whether it has TLS. */
  greet({ isSecure, connection }: SmtpClient): void {
    if (this.#isTlsKnown) return;
    this.#isTlsKnown = true;
    if (isSecure || connection.canStartTls) return;
    const { users, authWithoutTls, requireTls } = this.#options;
    const remedy = "the service has no TLS; give it tls: { cert, key }";
    const warning = requireTls
      ? `No mail is taken, since options.requireTls is true and ${remedy}`
      : users !== undefined && !authWithoutTls
      ? `AUTH is not offered and options.users has no effect: ${remedy}, or options: { authWithoutTls: true }`
      : undefined;
    if (warning !== undefined) this.#log?.warn("{warning}", { warning });
  }

  async authenticate({ user, password, client }: AuthAttempt): Promise<boolean | Reply> {
    const { users = {} } = this.#options;
    const hash = Object.hasOwn(users, user) ? users[user] : undefined;
    const { signal } = client.connection;
    try {
      return await verifyPassword(password, hash, {
        among: this.#hashes,
        from: ownerOf(addressOf(client)),
        signal,
      });
    } catch (error) {
      if (!signal.aborted && !(error instanceof QueueFullError)) throw error;
      return reply("454 4.7.0 Too many authentications, try again later");
    }
  }

  announce({ client }: Mail): Reply | undefined {
    return this.#rate?.has(ownerOf(addressOf(client)), performance.now()) === false ? TOO_MANY : undefined;
  }

  async address({ address, path }: Recipient, mail: Mail): Promise<Reply | undefined> {
    const { relay } = this.#options;
    const { domain } = splitAddress(address, this.#ownDomain);
    const isOurs = this.#domains?.has(domain) ?? this.#mailboxes !== undefined;
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
    if (this.#rate?.take(ownerOf(addressOf(mail.client)), performance.now()) === false) return TOO_MANY;
    const { hostname, trace, maxHops } = this.#options;
    const received = trace ? receivedLine(mail, { hostname, id, now: new Date() }) : "";
    const limited = withHopLimit(content, maxHops);
    if ("upstream" in route) return await this.#relay(limited, bytes(received), route.upstream);
    return await this.#store(limited, bytes(trace ? returnPathLine(mail) + received : ""), { id, route });
  }

  /** The domain of addresses without one. */
  get #ownDomain(): string {
    return foldCase(this.#options.domains?.[0] ?? this.#options.hostname);
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
    const untilMs = performance.now() + TIMES.recipientMs;
    try {
      const relayed = route ?? await this.#connect(mail, untilMs);
      relayed.upstream.untilMs = untilMs;
      const answer = route === undefined ? await relayed.upstream.mail(mail) : undefined;
      const refusal = answer !== undefined && answer.code >= 300 ? answer : undefined;
      const result = refusal ?? await relayed.upstream.rcpt(path);
      // What is refused in a loop would leave every round of it open.
      if (refusal !== undefined || result.enhanced === LOOP.enhanced) {
        relayed.end();
        mail.notes.delete(ROUTE);
      } else mail.notes.set(ROUTE, relayed satisfies Route);
      return result;
    } catch (error) {
      return this.#relayFailed(error);
    }
  }

  /** Connects to the next server, for one message. */
  async #connect({ client, signal }: Mail, untilMs: number): Promise<Relayed> {
    const { hostname, relay } = this.#options;
    if (this.#upstreams >= relay!.connections) {
      const found = `there are ${this.#upstreams} connections to the next server, as many as may be`;
      throw new RelayError(found, reply("451 4.3.2 Too many messages to relay, try again later"));
    }
    this.#upstreams++;
    let isOpen = true;
    const end = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#upstreams--;
      upstream?.close();
    };
    let upstream: Upstream | undefined;
    try {
      upstream = await Upstream.open(relay!, { hostname, signal: client.connection.signal, untilMs });
    } catch (error) {
      end();
      throw error;
    }
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    return { upstream, end };
  }

  async #relay(content: SmtpContent, head: Uint8Array, upstream: Upstream): Promise<Reply> {
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
      if (error instanceof MailLoopError) return LOOP;
      // What is wrong with the content, the client hears elsewhere.
      if (!(error instanceof SmtpError || error instanceof MessageTooLargeError)) {
        this.#log?.error("Cannot store a message: {error}", { error: String(error) });
      }
      return reply("452 4.3.1 The message cannot be stored, try again later");
    }
  }

  #relayFailed(error: unknown): Reply {
    if (error instanceof MailLoopError) return LOOP;
    if (error instanceof SmtpError || error instanceof MessageTooLargeError) {
      return reply("451 4.3.0 Not relayed");
    }
    if (!(error instanceof RelayError)) throw error;
    this.#log?.error("{error}", { error: error.message });
    return error.reply;
  }
}

function anotherWay(): Reply {
  return reply("452 4.5.3 Send to this recipient separately");
}
