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

/** How TLS is done with the next server: never, if it offers it, always. */
const TLS_CHOICES: readonly RelayOptions["tls"][] = ["never", "offered", "required"];

/** The next server. */
export interface RelayOptions {
  /** Its address, such as `smtp://mail.example.org:25`, or `smtp+tls://...` for TLS from the first byte. */
  to: string;
  /** Whether STARTTLS is asked for. @default {"offered"} */
  tls: "never" | "offered" | "required";
  /** Whether its certificate may be anybody's. @default {false} */
  insecure: boolean;
  /** Who to authenticate as; wants TLS. */
  user?: string;
  /** The password in proof. */
  password?: string;
  /** Whether anybody may send to anywhere. @default {false} */
  open: boolean;
}

/** Where mail goes, and from whom it is taken. */
export interface MailOptions extends ServiceOptions {
  /** A Maildir's path, relative to the configuration; `{user}` and `{domain}` in it stand for the recipient's, in lower case. */
  maildir?: string;
  /** Whose mail is taken from anybody. Without it, everybody's that goes to the Maildir. */
  domains?: readonly string[];
  /** Whether Maildirs of recipients are made that are not there. An empty folder is there. @default {false} */
  create: boolean;
  /** Whether `Return-Path` and `Received` are written before the message. @default {true} */
  trace: boolean;
  /** The next server, to hand messages on to. */
  relay?: RelayOptions;
  /** Users' names and the hashes of their passwords. Users may send to anywhere, if there is a relay. */
  users?: Readonly<Record<string, string>>;
  /**
   * How many messages one address may send in a time, to each instance of the service. One counts from when its content
   * begins, whatever comes of it; what is refused before does not.
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
  if (to === undefined) options.wrong("to", to, "an address such as smtp://mail.example.org:25");
  else {
    try {
      parseEndpoint(to);
    } catch {
      options.wrong("to", to, "an address such as smtp://mail.example.org:25");
    }
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
  };
}

function readRate(options: OptionReader | undefined): MailOptions["rate"] {
  if (options === undefined) return undefined;
  return { messages: options.count("messages", 100), perMs: options.duration("per", MINUTE_MS) };
}
