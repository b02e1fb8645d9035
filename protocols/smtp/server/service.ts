/**
 * Makes what serves connections of a mail service's handler and options.
 *
 * @module
 */

import type { Connection, Handler } from "@protohost/protohost";
import { lastWord, type Reply, type Said, type SmtpSession } from "@protohost/protohost/protocols/smtp/codec";
import { Dialogue } from "./dialogue.ts";
import type { SmtpHandler } from "./handler.ts";
import { Journal } from "./journal.ts";
import { readMailOptions } from "./mail_options.ts";
import { mailService } from "./mail_service.ts";
import { OptionReader, SmtpOptionsError } from "./option_reader.ts";
import { readServiceOptions } from "./options.ts";

type SmtpConnection = Connection<Reply, SmtpSession, Dialogue>;
type ConnectionHandler = Handler<Said, Reply, SmtpSession, Dialogue>;

/** The callbacks of a mail handler that other handlers do not have. */
export const CALLBACKS = ["onHelo", "onAuth", "onMail", "onRcpt", "onData"] as const;
const ANY_CALLBACK = ["onConnect", ...CALLBACKS, "onClose"] as const;

/**
 * Makes the handler of a service. One that handles messages itself (`onMessage`, `transmission`) is taken as it is, and
 * says everything itself, the greeting too. Without a handler the options say where mail goes.
 *
 * @throws {SmtpOptionsError} If the options are wrong.
 */
export function service(user: unknown, options: unknown): ConnectionHandler {
  if (isRaw(user)) return user;
  const reader = new OptionReader(options ?? {});
  const common = readServiceOptions(reader);
  const own = user as SmtpHandler | undefined;
  if (own !== undefined && ANY_CALLBACK.some((name) => own[name] !== undefined)) {
    refuseWithoutEffect(own, options);
    // Any other options are the handler's own.
    reader.done({ allowUnknown: true });
    return connectionHandler(
      own,
      (connection) => new Dialogue(connection, { handler: own, options: common }),
    );
  }
  const mail = readMailOptions(reader, common);
  reader.done();
  if (mail.maildir === undefined && mail.relay === undefined) {
    throw new SmtpOptionsError(["there is no handler, and the options have neither maildir nor relay"]);
  }
  const journal = new Journal();
  const handler = mailService(mail, journal);
  return connectionHandler(
    handler,
    (connection) =>
      new Dialogue(connection, { handler, options: common, journal, countsHops: mail.relay !== undefined }),
  );
}

/**
 * Makes a handler for `listen` of a mail handler.
 *
 * ```ts
 * import { listen } from "@protohost/protohost";
 * import { smtpHandler } from "@protohost/protohost/protocols/smtp";
 *
 * await using server = await listen(
 *   "smtp://127.0.0.1:0",
 *   smtpHandler({
 *     onRcpt: ({ address }) => address.endsWith("@example.org") ? undefined : "550 5.7.1 Not here",
 *     async onData(content, mail) {
 *       let size = 0;
 *       for await (const bytes of content) size += bytes.length;
 *       return `250 2.0.0 ${size} bytes from ${mail.from}`;
 *     },
 *   }, { hostname: "mx.example.org" }),
 * );
 * ```
 *
 * @param options As the configuration has them: `hostname`, `maxMessageBytes`, `maxRecipients`, `maxErrors`,
 *   `maxAuthFailures`, `authWithoutTls`, `requireTls`, `requireAuth`, `requireBrackets`, `bareNewlines`.
 * @throws {SmtpOptionsError} If they are wrong.
 */
export function smtpHandler(
  handler: SmtpHandler,
  options: Record<string, unknown> = {},
): Handler<Said, Reply, SmtpSession> {
  return service(handler, options) as Handler<Said, Reply, SmtpSession>;
}

/** Where mail goes is for the handler, and one that takes no messages would refuse all of them. */
function refuseWithoutEffect(handler: SmtpHandler, options: unknown): void {
  if (handler.onData !== undefined) return;
  const given = ["maildir", "relay"].filter((name) => name in (options as Record<string, unknown> ?? {}));
  if (given.length === 0) return;
  const found = `options.${given[0]} has no effect beside a handler without onData`;
  throw new SmtpOptionsError([`${found}: wanted no handler, or onData`]);
}

function isRaw(user: unknown): user is ConnectionHandler {
  const handler = user as Partial<ConnectionHandler> | undefined;
  return handler?.onMessage !== undefined || handler?.transmission !== undefined;
}

function connectionHandler(
  handler: SmtpHandler,
  dialogue: (connection: SmtpConnection) => Dialogue,
): ConnectionHandler {
  return {
    onStart: (context) => handler.onStart?.(context),
    onStop: (context) => handler.onStop?.(context),
    onConnect: (connection) => (connection.state = dialogue(connection)).greet(),
    onMessage: (connection, message) => connection.state.hear(message),
    onError(connection, error) {
      const last = lastWord(error);
      if (last !== undefined) connection.close(last);
    },
    onDrain: (connection) => connection.state.drain(),
    onClose: (connection) => connection.state?.end(),
  };
}
