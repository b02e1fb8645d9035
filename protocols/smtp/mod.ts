/**
 * SMTP: the wire format of `codec/` with the mail server of `server/`.
 *
 * A service's module is a mail handler, see {@linkcode defineSmtp}. Without one the service's `options` say where mail
 * goes, see {@linkcode MailOptions}, and permit what they name: the folder of the Maildirs, the next server.
 *
 *     services:
 *       mail:
 *         listen: "smtp://0.0.0.0:25"
 *         options: { hostname: mx.example.org, domains: [example.org], maildir: "/var/mail/{user}" }
 *         tls: { cert: ./mx.crt, key: ./mx.key }
 *
 * @module
 */

import codec, { type SmtpProtocol } from "./codec/mod.ts";
import { CALLBACKS, service } from "./server/service.ts";

export { join, reply, replySamples, samples, SmtpError, SmtpSession } from "./codec/mod.ts";
export type {
  Awaited,
  ChunkPart,
  Command,
  ContentPart,
  Credentials,
  LinesPart,
  Reply,
  Said,
  SmtpErrorCode,
  SmtpProtocol,
  SmtpState,
} from "./codec/mod.ts";
export {
  defineSmtp,
  deliver,
  Draft,
  Maildir,
  MessageTooLargeError,
  smtpHandler,
  SmtpOptionsError,
} from "./server/mod.ts";
export type {
  AuthAttempt,
  Mail,
  MaildirState,
  MailOptions,
  RateOptions,
  Recipient,
  RelayOptions,
  ServiceOptions,
  SmtpAnswer,
  SmtpClient,
  SmtpContent,
  SmtpHandler,
  SmtpModule,
} from "./server/mod.ts";

/** SMTP, with the mail server that serves it. */
const smtp: SmtpProtocol = { ...codec, service, callbacks: CALLBACKS };

export default smtp;
