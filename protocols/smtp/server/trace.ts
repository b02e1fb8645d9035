/**
 * The lines that a server writes before a message (RFC 5321, section 4.4). Pure.
 *
 * @module
 */

import type { Mail } from "./handler.ts";

/** Who took the message, and when. */
export interface TraceOptions {
  hostname: string;
  /** What the message is called here. */
  id: string;
  now: Date;
}

/** The line that says where a message came from, by which it can be followed and loops are found. */
export function receivedLine(mail: Mail, { hostname, id, now }: TraceOptions): string {
  const { client, recipients } = mail;
  const { remoteAddr } = client.connection;
  const address = "hostname" in remoteAddr ? literal(remoteAddr.hostname) : "local";
  const kind = client.isExtended
    ? `${"SMTPUTF8" in mail.params ? "UTF8SMTP" : "ESMTP"}${client.isSecure ? "S" : ""}${
      client.user === undefined ? "" : "A"
    }`
    : "SMTP";
  const whom = recipients.length === 1 ? `\r\n\tfor <${recipients[0].path}>` : "";
  const date = now.toUTCString().replace("GMT", "+0000");
  return `Received: from ${client.helo} (${address})\r\n\tby ${hostname} with ${kind} id ${id}${whom};\r\n\t${date}\r\n`;
}

/** The line that says who a message came from: a delivered message has no envelope. */
export function returnPathLine({ reversePath }: Mail): string {
  return `Return-Path: <${reversePath}>\r\n`;
}

function literal(address: string): string {
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}
