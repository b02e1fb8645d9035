/**
 * What may stand in `EHLO`, `MAIL` and `RCPT`, and what is answered where it does not.
 *
 * @module
 */

import { bytes } from "@protohost/protohost";
import { type Command, type Reply, reply } from "@protohost/protohost/protocols/smtp/codec";
import { HOPS, LOOP, MAX_OPEN_HOPS, readHops } from "./hops.ts";

const UNKNOWN_PARAMETER = reply("555 5.5.4 Unknown parameter");
/** The longest address in bytes: a path has 256 with its brackets (RFC 5321, section 4.5.3.1.3). */
const MAX_ADDRESS_BYTES = 254;
/** No blanks, no control characters, nothing but UTF-8. */
// deno-lint-ignore no-control-regex
const NAME = /^[^\x00-\x20\x7f-\x9f\ufffd]+$/;
// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Why a client's name is refused; undefined if it is not. */
export function refusalOfHelo({ verb, args, fault }: Command): Reply | undefined {
  if (args === "") return reply(`501 5.5.4 Wanted ${verb} and a domain`);
  const isName = fault === undefined && NAME.test(args) && bytes(args).length <= 255;
  return isName ? undefined : reply("501 5.5.4 That is not a domain");
}

/** Why a sender is refused. */
export function refusalOfMail(
  command: Command,
  { maxMessageBytes, countsHops }: { maxMessageBytes: number; countsHops: boolean },
): Reply | undefined {
  const { params } = command;
  const isUtf8 = params !== undefined && "SMTPUTF8" in params;
  const refusal = refusalOfPath(command, { code: "5.1.7", isUtf8, wanted: "MAIL FROM" });
  if (refusal !== undefined) return refusal;
  for (const [name, value] of Object.entries(params!)) {
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
      case HOPS: {
        const hops = readHops(params!);
        if (!countsHops) return UNKNOWN_PARAMETER;
        if (hops === undefined) return reply(`501 5.5.4 ${HOPS} wants a number`);
        if (hops >= MAX_OPEN_HOPS) return LOOP;
        break;
      }
      default:
        return UNKNOWN_PARAMETER;
    }
  }
  return undefined;
}

/** Why a recipient is refused. */
export function refusalOfRcpt(command: Command, { isUtf8 }: { isUtf8: boolean }): Reply | undefined {
  const refusal = refusalOfPath(command, { code: "5.1.3", isUtf8, wanted: "RCPT TO" });
  if (refusal !== undefined) return refusal;
  if (command.address === "") return reply("501 5.5.4 Wanted RCPT TO:<address>");
  return Object.keys(command.params!).length > 0 ? UNKNOWN_PARAMETER : undefined;
}

function refusalOfPath(
  { address, path = address, params, fault }: Command,
  { code, isUtf8, wanted }: { code: string; isUtf8: boolean; wanted: string },
): Reply | undefined {
  if (fault === "too_long") return reply("500 5.5.2 Line too long");
  if (fault !== undefined) return reply(`501 ${code} Bad address`);
  if (path === undefined || params === undefined) {
    return reply(`501 5.5.4 Wanted ${wanted}:<address> and parameters`);
  }
  if (bytes(path).length > MAX_ADDRESS_BYTES) return reply(`501 ${code} Address too long`);
  if (!isUtf8 && BEYOND_ASCII.test(path)) return reply("553 5.6.7 Such an address wants SMTPUTF8");
  return undefined;
}
