/**
 * The options of a mail service, whoever handles the mail.
 *
 * @module
 */

import type { OptionReader } from "./option_reader.ts";

/** The longest message. */
const MAX_MESSAGE_BYTES = 25 * 1024 ** 2;
/** RFC 5321, section 4.5.3.1.8, wants at least so many. */
const MAX_RECIPIENTS = 100;
const MAX_ERRORS = 20;
const MAX_AUTH_FAILURES = 3;

/** What any mail service can be told. */
export interface ServiceOptions {
  /** What the service calls itself. @default {the machine's name, or localhost where it may not be asked} */
  hostname: string;
  /** The longest message. @default {25 MiB} */
  maxMessageBytes: number;
  /** The most recipients of one message. @default {100} */
  maxRecipients: number;
  /** So many refusals with a 5xx end the connection. @default {20} */
  maxErrors: number;
  /** So many failed authentications end the connection. @default {3} */
  maxAuthFailures: number;
  /** Whether passwords may come in plaintext. @default {false} */
  authWithoutTls: boolean;
  /** Whether mail is taken over TLS only. @default {false} */
  requireTls: boolean;
  /** Whether mail is taken from users only. @default {false} */
  requireAuth: boolean;
}

/** Reads them. */
export function readServiceOptions(options: OptionReader): ServiceOptions {
  const hostname = options.text("hostname") ?? machineName();
  if (!/^[\x21-\x7e]+$/.test(hostname)) options.wrong("hostname", hostname, "a host name");
  return {
    hostname,
    maxMessageBytes: options.size("maxMessageBytes", MAX_MESSAGE_BYTES),
    maxRecipients: options.count("maxRecipients", MAX_RECIPIENTS),
    maxErrors: options.count("maxErrors", MAX_ERRORS),
    maxAuthFailures: options.count("maxAuthFailures", MAX_AUTH_FAILURES),
    authWithoutTls: options.flag("authWithoutTls", false),
    requireTls: options.flag("requireTls", false),
    requireAuth: options.flag("requireAuth", false),
  };
}

function machineName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "localhost"; // it may not be asked
  }
}
