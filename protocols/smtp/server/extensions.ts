/**
 * What `EHLO` is answered with (RFC 5321, section 4.1.1.1).
 *
 * @module
 */

import { MECHANISMS } from "./auth.ts";

/** The extensions that a service offers, as its reply to `EHLO` lists them. */
export function extensions(
  { maxMessageBytes }: { maxMessageBytes: number },
  offers: { tls: boolean; auth: boolean },
): string[] {
  return [
    "PIPELINING",
    `SIZE ${maxMessageBytes}`,
    "8BITMIME",
    "SMTPUTF8",
    "CHUNKING",
    "ENHANCEDSTATUSCODES",
    "HELP",
    ...offers.tls ? ["STARTTLS"] : [],
    ...offers.auth ? [`AUTH ${MECHANISMS.join(" ")}`] : [],
  ];
}
