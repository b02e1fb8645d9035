/**
 * The mail server: what makes replies of commands, what users' handlers get of a message, and the service that needs no
 * handler and keeps mail in Maildirs or relays it. The wire format is `@protohost/protohost/protocols/smtp/codec`.
 *
 * `needs.json` names the options that hold folders and addresses, for the server that permits them.
 *
 * @module
 */

import smtp, { type SmtpProtocol } from "@protohost/protohost/protocols/smtp/codec";
import { CALLBACKS, service } from "./service.ts";

export { defineSmtp } from "./handler.ts";
export type {
  AuthAttempt,
  Mail,
  Recipient,
  SmtpAnswer,
  SmtpClient,
  SmtpContent,
  SmtpHandler,
  SmtpModule,
} from "./handler.ts";
export { MessageTooLargeError } from "./incoming.ts";
export { SmtpOptionsError } from "./option_reader.ts";
export { smtpHandler } from "./service.ts";
export type { MailOptions, RelayOptions } from "./mail_options.ts";
export type { RateOptions } from "./rate.ts";
export type { ServiceOptions } from "./options.ts";
export { deliver, Draft } from "./delivery.ts";
export { Maildir } from "./maildir.ts";
export type { MaildirState } from "./maildir.ts";

/** SMTP with this server, as a protocol to name in a configuration. */
const server: SmtpProtocol = { ...smtp, service, callbacks: CALLBACKS };

export default server;
