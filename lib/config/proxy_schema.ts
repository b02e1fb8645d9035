/**
 * The keys of a service that stands before another server.
 *
 * @module
 */

import * as z from "zod";
import { TrustedProxies } from "../transport/proxied_transport.ts";
import { choice, duration, mapping, oneOrMore, orEmpty, path, readable } from "./schema_helpers.ts";

const WANTED_NETWORK = "an address or a network in CIDR notation, such as 10.0.0.0/8";

/** The schemas of these keys. `address` is that of an address. */
export function proxySchemas(address: z.ZodType): Record<string, z.ZodType> {
  const network = readable(
    z.string({ error: WANTED_NETWORK }),
    WANTED_NETWORK,
    (text) => new TrustedProxies([text]),
  );
  return {
    upstream: oneOrMore(address, "an address or a list of addresses").optional()
      .describe("The real server: tcp://HOST:PORT, tls://HOST:PORT, unix:///PATH, or a list of them"),
    balance: choice(["first", "round-robin"]).optional()
      .describe("Which upstream of several: the first that is there (the default), or each in its turn"),
    connectTimeout: duration("How long connecting to an upstream may take, TLS included; 5s by default", {
      min: 1,
    })
      .optional(),
    upstreamTls: orEmpty(mapping("a mapping with verify, serverName, ca, cert and key", {
      verify: z.boolean({ error: "true or false" }).optional()
        .describe("Whether the upstream's certificate is checked; true by default"),
      serverName: z.string({ error: "a host name" }).optional()
        .describe("The name to ask for and to check, in place of the address's host"),
      ca: oneOrMore(path, "a path or a list of paths").optional()
        .describe("Authorities to trust in place of the system's, in PEM: a path or a list of them"),
      cert: path.optional().describe("Path of the certificate chain that this side shows, in PEM"),
      key: path.optional().describe("Path of its private key, in PEM"),
    })).describe("How TLS towards the upstream is done"),
    sendProxyProtocol: choice(["v1", "v2"]).optional()
      .describe("Tell the upstream the client's address by a header of the PROXY protocol"),
    acceptProxyProtocol: z.array(network, { error: "a list of networks" }).optional()
      .describe("Networks of proxies whose connections begin with a header of the PROXY protocol"),
    onBadFrame: choice(["close", "passthrough"]).optional()
      .describe("What becomes of a proxied connection whose bytes make no frame; close by default"),
  };
}
