/**
 * The reply to `EHLO`, which lists extensions (RFC 5321, section 4.1.1.1).
 *
 * @module
 */

import type { Reply } from "./reply.ts";

/** A reply that lists extensions without STARTTLS among them; undefined if it is not there. */
export function withoutStartTls(reply: Reply): Reply | undefined {
  // The first line greets, and could be anything.
  const isOffer = (line: string, index: number) => index > 0 && line.trim().toUpperCase() === "STARTTLS";
  if (reply.code !== 250 || !reply.lines.some(isOffer)) return undefined;
  return { ...reply, lines: reply.lines.filter((line, index) => !isOffer(line, index)) };
}
