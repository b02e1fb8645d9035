/**
 * What may stand in `EHLO`, `MAIL` and `RCPT`, and what is answered where it does not.
 *
 * @module
 */

import { type Command, type Reply, reply } from "@protohost/protohost/protocols/smtp/codec";

/** The longest path (RFC 5321, section 4.5.3.1.3). */
const MAX_PATH = 256;
/** No spaces, no control characters, nothing that was not UTF-8. */
// deno-lint-ignore no-control-regex
const NAME = /^[^\x00-\x20\x7f-\x9f\ufffd]+$/;
// deno-lint-ignore no-control-regex
const BAD_IN_ADDRESS = /[\x00-\x1f\x7f-\x9f\ufffd]/;
// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Why a client's name is refused; undefined if it is not. */
export function refusalOfHelo({ verb, args }: Command): Reply | undefined {
  if (args === "") return reply(`501 5.5.4 Wanted ${verb} and a domain`);
  return NAME.test(args) && args.length <= MAX_PATH ? undefined : reply("501 5.5.4 That is no domain");
}

/** Why a sender is refused. */
export function refusalOfMail(
  { address, params }: Command,
  { maxMessageBytes }: { maxMessageBytes: number },
): Reply | undefined {
  if (address === undefined || params === undefined) {
    return reply("501 5.5.4 Wanted MAIL FROM:<address> and parameters");
  }
  for (const [name, value] of Object.entries(params)) {
    switch (name) {
      case "SIZE":
        if (!/^\d{1,20}$/.test(value)) return reply("501 5.5.4 SIZE wants a number of bytes");
        if (Number(value) > maxMessageBytes) return reply(`552 5.3.4 At most ${maxMessageBytes} bytes`);
        break;
      case "BODY":
        if (!/^(7BIT|8BITMIME)$/i.test(value)) return reply("501 5.5.4 BODY wants 7BIT or 8BITMIME");
        break;
      case "SMTPUTF8":
        if (value !== "") return reply("501 5.5.4 SMTPUTF8 wants no value");
        break;
      case "AUTH":
        break;
      default:
        return reply(`555 5.5.4 Unknown parameter`);
    }
  }
  return refusalOfAddress(address, "SMTPUTF8" in params, "501 5.1.7");
}

/** Why a recipient is refused. */
export function refusalOfRcpt(
  { address, params }: Command,
  { isUtf8 }: { isUtf8: boolean },
): Reply | undefined {
  if (address === undefined || address === "" || params === undefined) {
    return reply("501 5.5.4 Wanted RCPT TO:<address>");
  }
  if (Object.keys(params).length > 0) return reply("555 5.5.4 Unknown parameter");
  return refusalOfAddress(address, isUtf8, "501 5.1.3");
}

function refusalOfAddress(address: string, isUtf8: boolean, codes: string): Reply | undefined {
  if (address.length > MAX_PATH || BAD_IN_ADDRESS.test(address)) return reply(`${codes} Bad address`);
  if (!isUtf8 && BEYOND_ASCII.test(address)) return reply("553 5.6.7 Such an address wants SMTPUTF8");
  return undefined;
}
