/**
 * The schema of a service that stands in front of another server.
 *
 * @module
 */

import * as z from "zod";
import { formatDuration } from "../base/units.ts";
import { DEFAULT_CONNECT_TIMEOUT_MS } from "../spec/proxy_spec.ts";
import { addressRange, upstreamAddress } from "./address_schema.ts";
import {
  choice,
  duration,
  flag,
  hostName,
  mapping,
  named,
  oneOrMore,
  optional,
  optionalMapping,
  path,
} from "./schema_builders.ts";

const upstreamTls = named(
  "UpstreamTlsInput",
  "TLS towards an upstream.",
  mapping("a mapping with verify, serverName, ca, cert and key", {
    verify: optional(flag, "Whether the upstream's certificate is checked", true),
    serverName: optional(
      hostName,
      "The name to ask for and to check",
      { words: "the host of the upstream's address" },
    ),
    ca: optional(
      oneOrMore(path, "a path or a list of paths"),
      "Path or paths of the authorities, in PEM, to trust",
      { words: "those of the system" },
    ),
    cert: optional(path, "Path of the certificate chain, in PEM, to show to the upstream"),
    key: optional(path, "Path of its private key in PEM"),
  }),
);

/** The keys of a service that concern what stands in front of it and behind it. */
export const upstream = named(
  "UpstreamInput",
  "What a service that stands in front of another server relays to, and how.",
  mapping("a mapping", {
    upstream: optional(
      oneOrMore(upstreamAddress, "an address or a list of addresses"),
      "The server to relay to, or several: `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix:///PATH`",
    ),
    balance: optional(
      choice(["first", "round-robin"]),
      "Which of several upstreams gets a connection: the first that can be reached, or each in turn",
      "first",
    ),
    connectTimeout: optional(
      duration({ minimum: 1 }),
      "How long connecting to an upstream may take, TLS included",
      formatDuration(DEFAULT_CONNECT_TIMEOUT_MS),
    ),
    upstreamTls: optionalMapping(upstreamTls, "TLS towards the upstream"),
    sendProxyProtocol: optional(
      choice(["v1", "v2"]),
      "Send the client's address to the upstream in a PROXY protocol header of this version",
    ),
    acceptProxyProtocol: optional(
      z.array(addressRange, { error: "a list of networks" }),
      "Networks of proxies whose connections begin with a PROXY protocol header",
    ),
    onBadFrame: optional(
      choice(["close", "passthrough"]),
      "What to do with a proxied connection whose bytes make no frame",
      "close",
    ),
  }),
);
