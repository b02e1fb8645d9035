/**
 * A mail service as users write it: what becomes of a client, a message, its recipients, its content.
 *
 * @module
 */

import type { Connection, ServiceContext, ServiceModule } from "@protohost/protohost";
import type { Reply, SmtpSession } from "@protohost/protohost/protocols/smtp/codec";

/**
 * What a callback answers: a reply, or its notation such as `"550 5.7.1 no"`, or nothing for the usual one. From 400 on
 * it is a refusal.
 */
export type SmtpAnswer = Reply | string | void | undefined;

/** The client. */
export interface SmtpClient {
  /** Its connection, for its addresses, identifier and signal. */
  readonly connection: Connection<Reply, SmtpSession>;
  /** What the client calls itself since `EHLO` or `HELO`; empty before. */
  readonly helo: string;
  /** Whether it said `EHLO`. */
  readonly isExtended: boolean;
  /** Whether TLS is on. */
  readonly isSecure: boolean;
  /** The user that it has authenticated as. */
  readonly user: string | undefined;
  /** For the handler's own use, while the connection lasts. */
  readonly notes: Map<string, unknown>;
}

/** An accepted recipient. */
export interface Recipient {
  /** The address in the form to compare: in lower case, with quotes only where they are needed. */
  readonly address: string;
  /** The same as it was written, without brackets and source route: to pass on. */
  readonly path: string;
  /** The parameters, their names in upper case. */
  readonly params: Readonly<Record<string, string>>;
}

/** A message on its way in, from `MAIL` on. */
export interface Mail {
  /** Who sends it. */
  readonly client: SmtpClient;
  /** The sender's address in the form to compare, see {@linkcode Recipient}; empty for `<>`. */
  readonly from: string;
  /** The same as it was written: to pass on. */
  readonly reversePath: string;
  /** The parameters of `MAIL`, their names in upper case: `SIZE`, `BODY`, `SMTPUTF8`. */
  readonly params: Readonly<Record<string, string>>;
  /** Who has been accepted so far. */
  readonly recipients: readonly Recipient[];
  /** Aborted when the message is over, whatever became of it. */
  readonly signal: AbortSignal;
  /** For the handler's own use. */
  readonly notes: Map<string, unknown>;
}

/**
 * The content of a message as it comes: header and body with CR LF, without dot-stuffing. It is read once; what is not
 * read is discarded. While nobody asks for more, the client is not read from.
 *
 * Iterating throws if the rest will not come: the client is gone, has started anew, or has sent more than the limit. Then
 * keep nothing of the message.
 */
export type SmtpContent = AsyncIterable<Uint8Array>;

/** A client's authentication. */
export interface AuthAttempt {
  /** `PLAIN` or `LOGIN`. */
  mechanism: string;
  /** The user's name. */
  user: string;
  /** The password in proof. */
  password: string;
  /** The client. */
  client: SmtpClient;
}

/** What a mail service does. Every part is optional; callbacks may return promises. */
export interface SmtpHandler {
  /** Where to listen, when the configuration or the command line does not say. */
  listen?: string | string[];
  /** The protocol, where the address's own does not do. */
  protocol?: string;
  /** Before the service listens. A throw keeps it from starting. */
  onStart?(context: ServiceContext): unknown;
  /** After the last connection. */
  onStop?(context: ServiceContext): unknown;
  /** A client has connected. A refusal is its greeting, and the end. */
  onConnect?(client: SmtpClient): SmtpAnswer | Promise<SmtpAnswer>;
  /** A client has said who it is. */
  onHelo?(client: SmtpClient): SmtpAnswer | Promise<SmtpAnswer>;
  /** Without it AUTH is not offered. True means yes, a refusal or anything else no; a 4xx does not count as a failure. */
  onAuth?(attempt: AuthAttempt): boolean | SmtpAnswer | Promise<boolean | SmtpAnswer>;
  /** A message is announced. */
  onMail?(mail: Mail): SmtpAnswer | Promise<SmtpAnswer>;
  /** A recipient is named. */
  onRcpt?(recipient: Recipient, mail: Mail): SmtpAnswer | Promise<SmtpAnswer>;
  /**
   * The content comes. What this answers is what the client hears once all of it has come, so that a message is accepted
   * when this settles and no sooner. A throw ends the connection with a 421: the client will try again.
   */
  onData?(content: SmtpContent, mail: Mail): SmtpAnswer | Promise<SmtpAnswer>;
  /** The client is gone. */
  onClose?(client: SmtpClient): void;
}

/** A mail service's module: a handler, or a function that makes one of the service's context. */
export type SmtpModule = SmtpHandler | ((context: ServiceContext) => SmtpHandler | Promise<SmtpHandler>);

/** Returns its argument, for a service's module to export: gives the callbacks their types. */
export function defineSmtp(service: SmtpModule): ServiceModule {
  return service as ServiceModule;
}
