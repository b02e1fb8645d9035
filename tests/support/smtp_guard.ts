/**
 * A guard before a mail server, and conversations to try it with.
 *
 * @module
 */

import {
  defineHooks,
  type HookModule,
  listen,
  type ListenOptions,
  on,
  type Server,
} from "@protohost/protohost";
import { MailClient, type Pair, tls } from "./smtp.ts";

/** A message with all that is delicate about lines. */
export const MESSAGE = "Subject: through\r\n\r\n.a dot\r\n..\r\nnaïve\r\n";
/** A whole message, for {@linkcode transcript}. */
export const TRANSACTION: string[] = [
  "MAIL FROM:<a@example.org>",
  "RCPT TO:<b@example.org>",
  "DATA",
  MESSAGE,
];
/** Something of everything. */
export const DIALOGUE: string[] = [
  "EHLO client.example",
  "NOOP",
  "VRFY b@example.org",
  "RCPT TO:<b@example.org>",
  ...TRANSACTION,
  "AUTH LOGIN",
  `> ${btoa("ann")}`,
  `> ${btoa("wrong")}`,
  `AUTH PLAIN ${btoa("\0ann\0secret")}`,
  "MAIL FROM:<>",
  "RSET",
  ...TRANSACTION,
  "WHAT is this",
  "QUIT",
];

/** Stands before a server, whose certificate may be anybody's unless it is said whose. */
export async function guard(
  port: number,
  hooks: HookModule,
  { options, upstreamTls = { verify: false } }: Pick<ListenOptions, "options" | "upstreamTls"> = {},
): Promise<Server> {
  return await listen("smtp://127.0.0.1:0", {
    upstream: `tcp://127.0.0.1:${port}`,
    upstreamTls,
    tls,
    hooks,
    options,
    limits: { lingerTimeout: "100ms" },
  });
}

/** Hooks that only watch. */
export function watching(): { hooks: HookModule; seen: string[] } {
  const seen: string[] = [];
  const hooks = defineHooks([
    on("*", ({ command }) => void seen.push(command)),
    on("*", ({ command }) => void seen.push(command), { direction: "out" }),
  ]);
  return { hooks, seen };
}

/** What a server answers to each of these, over a connection of its own. */
export async function transcript(port: number, said: string[], trusted?: Pair): Promise<string[]> {
  await using client = await MailClient.greeted(port, trusted);
  const answers: string[] = [];
  for (const one of said) answers.push(await client.ask(one));
  return answers;
}
