/**
 * A mail service as users write it: what is done with a client, a message, its recipients, its content.
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

/** Who is on the other end. */
export interface SmtpClient {
  /** The connection, for its addresses, its identifier, its signal. */
  readonly connection: Connection<Reply, SmtpSession>;
  /** What the client calls itself since `EHLO` or `HELO`; empty before. */
  readonly helo: string;
  /** Whether it said `EHLO`. */
  readonly isExtended: boolean;
  /** Whether TLS is on. */
  readonly isSecure: boolean;
  /** Who it has proven to be. */
  readonly user: string | undefined;
  /** For the handler to keep what it likes, as long as the connection lasts. */
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
  /** Aborted when this is over, whatever came of it. */
  readonly signal: AbortSignal;
  /** For the handler to keep what it likes. */
  readonly notes: Map<string, unknown>;
}

/**
 * The content of a message as it comes: header and body with CR LF, without the dots that the wire adds. It is read
 * once; what is not read is discarded. While nobody asks for more, the client is not read from.
 *
 * Iterating throws if there will be no more: the client is gone, has begun anew, or has sent more than it may. Then
 * nothing may be kept of the message.
 */
export type SmtpContent = AsyncIterable<Uint8Array>;

/** A client's claim to be somebody. */
export interface AuthAttempt {
  /** `PLAIN` or `LOGIN`. */
  mechanism: string;
  /** Who it claims to be. */
  user: string;
  /** The password in proof. */
  password: string;
  /** The client. */
  client: SmtpClient;
}

/** What a mail service does. Every part is optional; a callback may answer a promise. */
export interface SmtpHandler {
  /** Where to listen, when the configuration or the command line does not say. */
  listen?: string | string[];
  /** The protocol, where the address's own does not do. */
  protocol?: string;
  /** Before the service listens. A throw keeps it from starting. */
  onStart?(context: ServiceContext): void | Promise<void>;
  /** After the last connection. */
  onStop?(context: ServiceContext): void | Promise<void>;
  /** A client has connected. A refusal is its greeting, and the end. */
  onConnect?(client: SmtpClient): SmtpAnswer | Promise<SmtpAnswer>;
  /** A client has said who it is. */
  onHelo?(client: SmtpClient): SmtpAnswer | Promise<SmtpAnswer>;
  /** Without it AUTH is not offered. True for yes; a refusal, or anything that is not a yes, for no. */
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

/** A mail service's module: a handler, or a function of the service's context that makes one. */
export type SmtpModule = SmtpHandler | ((context: ServiceContext) => SmtpHandler | Promise<SmtpHandler>);

/** Answers its argument, as what a service's module exports: gives the callbacks their types. */
export function defineSmtp(service: SmtpModule): ServiceModule {
  return service as ServiceModule;
}
