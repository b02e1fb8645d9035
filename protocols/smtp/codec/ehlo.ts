/**
 * The reply to `EHLO`, which lists extensions (RFC 5321, section 4.1.1.1).
 *
 * @module
 */

import type { Reply } from "./reply.ts";

/**
 * A reply without the extensions that a client cannot use where TLS cannot be started: STARTTLS and, where it is not on
 * already, REQUIRETLS (RFC 8689). Undefined if it lists none of them.
 */
export function withoutTls(reply: Reply, { isTls }: { isTls: boolean }): Reply | undefined {
  // The first line greets, and could be anything.
  const isOffer = (line: string, index: number) => {
    const name = line.trim().toUpperCase();
    return index > 0 && (name === "STARTTLS" || (name === "REQUIRETLS" && !isTls));
  };
  if (reply.code !== 250 || !reply.lines.some(isOffer)) return undefined;
  return { ...reply, lines: reply.lines.filter((line, index) => !isOffer(line, index)) };
}
