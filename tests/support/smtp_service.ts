/**
 * Mail services under test, and what tests say to them.
 *
 * @module
 */

import {
  listen,
  type Server,
  type ServiceContext,
  type ServiceLog,
  text,
  type WriteLog,
} from "@protohost/protohost";
import type { Mail, SmtpHandler } from "../../protocols/smtp/mod.ts";
import { service } from "../../protocols/smtp/server/service.ts";
import type { tls } from "./smtp.ts";

export const EHLO: string = "EHLO client.example";
export const MAIL: string = "MAIL FROM:<a@example.org>";
export const RCPT: string = "RCPT TO:<b@example.org>";

/** A service of a handler's. */
export async function serve(
  handler: SmtpHandler,
  { options = {}, ...more }: { options?: Record<string, unknown>; tls?: typeof tls } = {},
): Promise<Server> {
  const given = { hostname: "mx.example", ...options };
  return await listen("smtp://127.0.0.1:0", { ...handler as object, options: given, ...more });
}

/** A service from options alone. */
export async function serveMail(
  options: Record<string, unknown>,
  more: { tls?: typeof tls } = {},
): Promise<Server> {
  return await serve({}, { options, ...more });
}

/** A service from options alone, and what it logs: a line each, behind its level. */
export async function serveLogged(
  options: Record<string, unknown>,
  more: { tls?: typeof tls } = {},
): Promise<{ server: Server; lines: string[] }> {
  const lines: string[] = [];
  const at = (level: string): WriteLog => (template, properties = {}) =>
    void lines.push(`${level}: ${template.replace(/\{([^{}]*)\}/g, (_, name) => `${properties[name]}`)}`);
  const log = Object.fromEntries(
    ["trace", "debug", "info", "warn", "warning", "error", "fatal"].map((level) => [level, at(level)]),
  ) as unknown as ServiceLog;
  const handler = service(undefined, { hostname: "mx.example", ...options });
  const server = await listen("smtp://127.0.0.1:0", {
    ...handler,
    onStart: (context: ServiceContext) => handler.onStart?.({ ...context, log }),
    ...more,
  } as object);
  return { server, lines };
}

/** A handler that keeps what it gets. */
export function keeping(): { messages: string[]; mails: Mail[]; handler: SmtpHandler } {
  const messages: string[] = [];
  const mails: Mail[] = [];
  const handler: SmtpHandler = {
    async onData(content, mail) {
      let message = "";
      for await (const bytes of content) message += text(bytes);
      messages.push(message);
      mails.push(mail);
    },
  };
  return { messages, mails, handler };
}

/** A chunk with the command before it. */
export function bdat(content: string, last = ""): string {
  return `BDAT ${content.length}${last}\r\n${content}`;
}

export const someone: SmtpHandler = {
  onAuth: ({ user, password, mechanism }) => `${user}:${password}` === "ann:pässword" && mechanism !== "",
  onMail: ({ client }) => `250 2.1.0 ${client.user} ${client.isSecure} ${client.helo}`,
  onData: () => {},
};
export const PLAIN: string = btoa(String.fromCharCode(...new TextEncoder().encode("\0ann\0pässword")));
