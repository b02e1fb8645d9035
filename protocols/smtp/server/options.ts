/**
 * The options of any mail service, whoever handles the mail.
 *
 * @module
 */

import type { OptionReader } from "./option_reader.ts";

const MAX_MESSAGE_BYTES = 25 * 1024 ** 2;
/** RFC 5321, section 4.5.3.1.8, wants at least this. */
const MAX_RECIPIENTS = 100;
const MAX_ERRORS = 20;
const MAX_AUTH_FAILURES = 3;

const BARE_NEWLINES: readonly ServiceOptions["bareNewlines"][] = ["normalize", "refuse"];

/** What any mail service can be told. */
export interface ServiceOptions {
  /** What the service calls itself. @default {the machine's name, or localhost where that may not be read} */
  hostname: string;
  /** The longest message. @default {25 MiB} */
  maxMessageBytes: number;
  /** The most recipients of one message. @default {100} */
  maxRecipients: number;
  /** How many refusals with a 5xx end the connection. @default {20} */
  maxErrors: number;
  /** How many failed authentications end the connection. @default {3} */
  maxAuthFailures: number;
  /** Whether passwords may come in plaintext. @default {false} */
  authWithoutTls: boolean;
  /** Whether mail is taken over TLS only. @default {false} */
  requireTls: boolean;
  /** Whether mail is taken from users only. @default {false} */
  requireAuth: boolean;
  /** Whether addresses in `MAIL` and `RCPT` need their brackets. @default {true} */
  requireBrackets: boolean;
  /**
   * What becomes of content by `BDAT` that has a bare CR or LF. `normalize`: an LF becomes CR LF and a CR a blank, as in
   * Postfix. `refuse`: the message is refused. After `DATA` a bare CR or LF always ends the connection. @default {"normalize"}
   */
  bareNewlines: "normalize" | "refuse";
}

/** Reads them; what is wrong is noted in the reader. */
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
    requireBrackets: options.flag("requireBrackets", true),
    bareNewlines: options.choice("bareNewlines", BARE_NEWLINES, "normalize"),
  };
}

function machineName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "localhost"; // without permission to read it
  }
}
