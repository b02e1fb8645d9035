/**
 * The log of a mail service that needs no handler: who was refused what, and what became of each message.
 *
 * What a client has said comes after its address in each line, so that no client can forge a line about another.
 *
 * @module
 */

import type { ServiceLog } from "@protohost/protohost";
import { formatReply, type Reply } from "@protohost/protohost/protocols/smtp/codec";
import type { Mail, SmtpClient } from "./handler.ts";
import { addressOf } from "./network.ts";

/** The note of a message that holds its identifier. */
export const ID = "id";

/** The note that says why the last recipient was refused, where the client is not told. */
export const REASON = "reason";

/** Writes the log; without one, nothing. */
export class Journal {
  /** Where to. */
  log: ServiceLog | undefined;

  /** A password was wrong. */
  failedAuth(client: SmtpClient, user: string): void {
    this.log?.warn("Authentication failed from {address}: as {user} (connection {connection})", {
      ...origin(client),
      user: JSON.stringify(user),
    });
  }

  /** `AUTH` was refused before a password was checked. */
  refusedAuth(client: SmtpClient, reply: Reply): void {
    this.log?.info("Authentication refused from {address}: {reply} (connection {connection})", {
      ...origin(client),
      reply: formatted(reply),
    });
  }

  /** `MAIL` was refused. */
  refusedSender({ client, reversePath: from }: Mail, reply: Reply): void {
    this.log?.info("Sender refused from {address}: {reply}, <{from}> (connection {connection})", {
      ...origin(client),
      reply: formatted(reply),
      from,
    });
  }

  /** A recipient was refused. */
  refusedRecipient(mail: Mail, recipient: string, reply: Reply): void {
    const { client, reversePath: from, notes } = mail;
    const reason = notes.get(REASON) as string | undefined;
    notes.delete(REASON);
    const text = "Recipient refused from {address}: {reply}, <{recipient}> of mail from <{from}> " +
      `(connection {connection})${reason === undefined ? "" : "; {reason}"}`;
    this.log?.info(text, { ...origin(client), reply: formatted(reply), recipient, from, reason });
  }

  /**
   * The content of a message is over.
   *
   * @param outcome What the client hears; a text where it hears nothing.
   */
  settled({ client, reversePath: from, recipients, notes }: Mail, outcome: Reply | string): void {
    const isReply = typeof outcome !== "string";
    this.log?.info("Message {id} from {address}, <{from}>, for {recipients}: {outcome}", {
      id: notes.get(ID),
      ...origin(client),
      from,
      recipients: recipients.map(({ path }) => path).join(", "),
      outcome: isReply ? formatted(outcome) : `not taken, ${outcome}`,
      ...isReply ? { code: outcome.code } : {},
    });
  }
}

function origin(client: SmtpClient): { address: string; connection: string } {
  return { address: addressOf(client), connection: client.connection.id };
}

function formatted(reply: Reply): string {
  return formatReply(reply).trimEnd().replaceAll("\r\n", " | ");
}
