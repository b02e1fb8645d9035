/**
 * The extensions in the reply to `EHLO` (RFC 5321, section 4.1.1.1).
 *
 * @module
 */

import { MECHANISMS } from "./auth.ts";
import { HOPS } from "./hops.ts";

/** The lines that list what a service offers. */
export function extensions(
  { maxMessageBytes }: { maxMessageBytes: number },
  offers: { tls: boolean; auth: boolean; hops: boolean },
): string[] {
  return [
    "PIPELINING",
    `SIZE ${maxMessageBytes}`,
    "8BITMIME",
    "SMTPUTF8",
    "CHUNKING",
    "ENHANCEDSTATUSCODES",
    "HELP",
    ...offers.hops ? [HOPS] : [],
    ...offers.tls ? ["STARTTLS"] : [],
    ...offers.auth ? [`AUTH ${MECHANISMS.join(" ")}`] : [],
  ];
}
