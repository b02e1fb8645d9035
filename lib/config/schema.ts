/**
 * The schema of a configuration as users write it. What can be said of one value alone is said here, what takes several
 * of them in `rules.ts`.
 *
 * The error text of a schema is what it wants: "found 5, wanted TEXT". That of a mapping with an unknown key is the
 * list of its known keys.
 *
 * @module
 */

import * as z from "zod";
import { parseEndpoint } from "../contract/endpoint.ts";
import type { LogLevel } from "../contract/log_level.ts";
import { hookSchemas } from "./hooks_schema.ts";
import { limitSchemas } from "./limits_schema.ts";
import { proxySchemas } from "./proxy_schema.ts";
import { isolationSchemas } from "./isolation_schema.ts";
import { choice, count, mapping, oneOrMore, orEmpty, path } from "./schema_helpers.ts";
import type { ConfigInput } from "./config_input.ts";
import type { LogFormat } from "../spec/log_spec.ts";

const LOG_LEVELS: LogLevel[] = ["trace", "debug", "info", "warning", "error", "fatal"];
const LOG_FORMATS: LogFormat[] = ["pretty", "json"];
const WANTED_ADDRESS = "an address such as jsonnl://0.0.0.0:1234";
const WANTED_SERVICES = "a mapping of at least one name to its service";

const address = z.string({ error: WANTED_ADDRESS }).check((context) => {
  try {
    parseEndpoint(context.value);
  } catch (error) {
    const message = (error as Error).message;
    context.issues.push({
      code: "custom",
      input: context.value,
      message: WANTED_ADDRESS,
      params: { message },
    });
  }
});

const certificate = mapping("a mapping with cert and key", {
  cert: path.describe("Path of the certificate chain, in PEM"),
  key: path.describe("Path of the private key, in PEM"),
  names: z.array(z.string({ error: "a host name" }), { error: "a list of host names" }).optional()
    .describe("Host names this certificate is for; without, those that the certificate itself names"),
});

const tls = mapping("a mapping with cert and key, or with certificates", {
  cert: path.optional().describe("Path of the certificate chain, in PEM"),
  key: path.optional().describe("Path of the private key, in PEM"),
  certificates: z.array(certificate, { error: "a list of certificates" })
    .min(1, { error: "at least one certificate" }).optional()
    .describe(
      "Several certificates, by host name; the first is for clients that name none or an unknown one",
    ),
  clientCa: oneOrMore(path, "a path or a list of paths").optional()
    .describe("Authorities that clients' certificates are checked against, in PEM: a path or a list of them"),
  clientCertificate: choice(["none", "optional", "required"]).optional()
    .describe("Whether a client must show a certificate; required with clientCa, else none"),
});

const defaults = {
  instances: count(1).optional().describe("How many workers share a service; 1 by default"),
  ...isolationSchemas(),
  limits: orEmpty(mapping("a mapping of limits", limitSchemas())).describe("What a service bears"),
  tls: orEmpty(tls).describe("Certificates, for tls addresses and for upgrades to TLS"),
};

const service = mapping("a service, with listen or handler", {
  listen: oneOrMore(address, "an address or a list of addresses").optional()
    .describe(
      "Where to listen: PROTOCOL[+TRANSPORT]://HOST:PORT or PROTOCOL+unix:///PATH, one or a list of them",
    ),
  protocol: z.string({ error: "a protocol's name or the path of its module" }).optional()
    .describe("A protocol's name, or the path of its module, where the address's own does not do"),
  handler: path.optional().describe("Path of the service's module"),
  ...proxySchemas(address),
  ...hookSchemas(),
  options: z.unknown().optional().describe("Handed to the service as they stand"),
  ...defaults,
});

const serviceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, {
  error: "a name of letters, digits, - and _",
});

const protocolName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, {
  error: "a name of letters, digits, dots, - and _ that begins with a letter",
}).refine((name) => !["tcp", "tls", "unix", "udp"].includes(name.toLowerCase()), {
  error: "a protocol's name, which a transport's own cannot be",
});

/** The schema of a configuration. */
export const configSchema: z.ZodType<ConfigInput> = mapping("a mapping with services", {
  services: z.record(serviceName, orEmpty(service).transform((value) => value ?? {}), {
    error: WANTED_SERVICES,
  }).refine((services) => Object.keys(services).length > 0, { error: WANTED_SERVICES })
    .describe("The services, by name"),
  control: z.union([path, z.literal(false)], { error: "a path or false" }).optional()
    .describe(
      "Path of the control socket, or false for none; protohost.sock beside the configuration by default",
    ),
  log: orEmpty(mapping("a mapping with level, format, file and flood", {
    level: choice(LOG_LEVELS).optional().describe("The lowest level that is written; info by default"),
    format: choice(LOG_FORMATS).optional().describe("For people or for programs; pretty by default"),
    file: path.optional().describe("Path of a file to write to in place of the standard error stream"),
    flood: count(0).optional()
      .describe("How many lines of one kind an instance may log in a second; 0 for any, 5000 by default"),
  })).describe("What is logged, how and where"),
  protocols: orEmpty(z.record(protocolName, path, { error: "a mapping of names to paths" }))
    .describe("Protocols by name, each the path of its module"),
  defaults: orEmpty(mapping("a mapping with instances, limits and tls", defaults))
    .describe("What holds for every service that does not say otherwise"),
}) as z.ZodType<ConfigInput>;
