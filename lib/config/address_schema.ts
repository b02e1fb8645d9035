/**
 * The schemas of addresses: those a service listens at, those of upstreams, and ranges of clients' addresses.
 *
 * @module
 */

import type * as z from "zod";
import { parseRange } from "../base/address_range.ts";
import { AddressError, parseEndpoint } from "../contract/endpoint.ts";
import { type AddressOf, readable } from "./schema_builders.ts";

/** The transport of an upstream for the scheme of a URL. */
const UPSTREAM_SCHEMES: ReadonlyMap<string, string> = new Map([
  ["http", "tcp"],
  ["ws", "tcp"],
  ["https", "tls"],
  ["wss", "tls"],
  ["ssl", "tls"],
]);

/** An address that a service listens at. */
export const listenAddress: z.ZodString = readable("an address such as jsonnl://0.0.0.0:1234", (text) => {
  if (isHostPort(text)) {
    throw cannot(text, `its protocol is missing, wanted it in front, as in text://${text}`);
  }
  parseEndpoint(text);
}).meta({ address: "listen" } satisfies AddressOf);

/** The address of an upstream. */
export const upstreamAddress: z.ZodString = readable("an address such as tcp://127.0.0.1:80", (text) => {
  if (isHostPort(text)) throw cannot(text, `its transport is missing, wanted tcp://${text}`);
  const { 1: scheme, index } = /^(\w+):\/\//.exec(text) ?? { 1: "", index: 0 };
  const transport = UPSTREAM_SCHEMES.get(scheme.toLowerCase());
  if (transport !== undefined) {
    const authority = text.slice(index + scheme.length + 3).replace(/\/.*$/s, "");
    throw cannot(text, `"${scheme}" is no transport, wanted ${transport}://${authority}`);
  }
  parseEndpoint(text);
}).meta({ address: "upstream" } satisfies AddressOf);

/** An IP address or a range of them. */
export const addressRange: z.ZodString = readable("a range of addresses such as 10.0.0.0/8", parseRange);

/** Whether a text is an address without what comes before `://`. */
function isHostPort(text: string): boolean {
  return /^(?:\[[\da-f:.]+\]|[\w.-]*):\d{1,5}$/i.test(text);
}

function cannot(address: string, why: string): AddressError {
  return new AddressError(`Cannot read the address "${address}": ${why}`);
}
