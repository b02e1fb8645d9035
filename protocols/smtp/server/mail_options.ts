/**
 * The options of the mail service that needs no handler: where mail goes, and from whom it is taken.
 *
 * @module
 */

import { parseEndpoint } from "@protohost/protohost";
import { isPasswordHash } from "@protohost/protohost/password";
import type { OptionReader } from "./option_reader.ts";
import type { ServiceOptions } from "./options.ts";
import type { RateOptions } from "./rate.ts";

const MINUTE_MS = 60_000;
/** RFC 5321, section 6.3, wants at least this. */
const MAX_HOPS = 100;
const MAX_CONNECTIONS = 100;

const TLS_CHOICES: readonly RelayOptions["tls"][] = ["never", "offered", "required"];

/** The next server. */
export interface RelayOptions {
  /** Its address, such as `smtp://mail.example.org:25`, or `smtp+tls://...` for TLS from the first byte. */
  to: string;
  /** Whether STARTTLS is used: never, if it is offered, or always. @default {"offered"} */
  tls: "never" | "offered" | "required";
  /** Whether any certificate is taken. @default {false} */
  insecure: boolean;
  /** Who to authenticate as; needs TLS. */
  user?: string;
  /** The password in proof. */
  password?: string;
  /** Whether anybody may send to anywhere. @default {false} */
  open: boolean;
  /** The most connections to it at a time, for each instance of the service. @default {100} */
  connections: number;
}

/** Where mail goes, and from whom it is taken. */
export interface MailOptions extends ServiceOptions {
  /** A Maildir's path, relative to the configuration; `{user}` and `{domain}` stand for the recipient's, in lower case. */
  maildir?: string;
  /** Domains whose mail is taken from anybody. Without them, all mail that goes to the Maildir. */
  domains?: readonly string[];
  /** Whether a recipient's Maildir is made for their first message. An empty folder is one. @default {false} */
  create: boolean;
  /** Whether `Return-Path` and `Received` are written before the message. @default {true} */
  trace: boolean;
  /** How many `Received` lines a message may have; one with more is in a loop. @default {100} */
  maxHops: number;
  /** The next server, to relay messages to. */
  relay?: RelayOptions;
  /** Users' names and the hashes of their passwords. Users may send to anywhere, if there is a relay. */
  users?: Readonly<Record<string, string>>;
  /**
   * How many messages one address (of IPv6, one /64) may send in a time, to each instance of the service. A message counts
   * from when its content begins, whatever becomes of it; what is refused before does not.
   */
  rate?: RateOptions;
}

/** Reads them; what is wrong is noted in the reader. */
export function readMailOptions(options: OptionReader, common: ServiceOptions): MailOptions {
  const users = options.mapping("users");
  for (const [name, hash] of Object.entries(users ?? {})) {
    if (isPasswordHash(hash)) continue;
    options.wrong(
      `users.${name}`,
      "(not shown)",
      "a hash such as $scrypt$ln=15,r=8,p=1$...$..., as protohost hash-password makes it",
    );
  }
  const domains = options.texts("domains")?.map((domain) => domain.toLowerCase());
  const mail: MailOptions = {
    ...common,
    maildir: readMaildir(options),
    domains,
    create: options.flag("create", false),
    trace: options.flag("trace", true),
    maxHops: options.count("maxHops", MAX_HOPS),
    relay: readRelay(options.inner("relay")),
    users,
    rate: readRate(options.inner("rate")),
  };
  if (common.requireAuth && users === undefined) {
    options.wrong("requireAuth", true, "users too: nobody could send anything");
  }
  const isOpen = mail.relay !== undefined && mail.maildir === undefined && domains === undefined &&
    users === undefined && !mail.relay.open;
  if (isOpen) {
    options.wrong(
      "relay.open",
      false,
      "domains, users, or true: anybody could send to anywhere by this server",
    );
  }
  return mail;
}

function readMaildir(options: OptionReader): string | undefined {
  const path = options.text("maildir");
  if (path?.replaceAll(/\{(?:user|domain)\}/g, "").includes("{")) {
    options.wrong("maildir", path, "a path with no other braces in it than {user} and {domain}");
  }
  return path;
}

function readRelay(options: OptionReader | undefined): RelayOptions | undefined {
  if (options === undefined) return undefined;
  const to = options.text("to");
  if (to === undefined || !isAddress(to)) {
    options.wrong("to", to, "an address such as smtp://mail.example.org:25");
  }
  const [user, password] = [options.text("user"), options.text("password")];
  if ((user === undefined) !== (password === undefined)) {
    options.wrong(
      "password",
      password === undefined ? undefined : "(not shown)",
      "user and password, or neither",
    );
  }
  const tls = options.choice("tls", TLS_CHOICES, "offered");
  return {
    to: to ?? "",
    tls,
    insecure: options.flag("insecure", false),
    user,
    password,
    open: options.flag("open", false),
    connections: options.count("connections", MAX_CONNECTIONS),
  };
}

function isAddress(text: string): boolean {
  try {
    parseEndpoint(text);
    return true;
  } catch {
    return false;
  }
}

function readRate(options: OptionReader | undefined): MailOptions["rate"] {
  if (options === undefined) return undefined;
  return { messages: options.count("messages", 100), perMs: options.duration("per", MINUTE_MS) };
}
