/**
 * The schema of a configuration as users write it. What can be said of one value alone is said here and in the schemas of
 * its parts; what takes several values to see is in `cross_checks.ts`.
 *
 * @module
 */

import * as z from "zod";
import { LOG_LEVELS } from "../contract/log_level.ts";
import { DEFAULT_FLOOD } from "../log/log_flood.ts";
import { listenAddress } from "./address_schema.ts";
import { hookPolicy, hooks } from "./hooks_schema.ts";
import { running } from "./isolation_schema.ts";
import { limits } from "./limits_schema.ts";
import {
  choice,
  count,
  mapping,
  modulePath,
  named,
  oneOrMore,
  optional,
  optionalMapping,
  path,
  required,
} from "./schema_builders.ts";
import { tls } from "./tls_schema.ts";
import { upstream } from "./upstream_schema.ts";

const WANTED_SERVICES = 'names with their services, as in chat: { listen: "text://0.0.0.0:1234" }';

const defaults = named(
  "DefaultsInput",
  "What holds for every service that does not say otherwise.",
  mapping("a mapping with instances, limits and tls", {
    ...running,
    limits: optionalMapping(limits, "The limits of the service; its own go over the defaults one by one"),
    tls: optionalMapping(tls, "Certificates, for `tls` addresses and for upgrades to TLS"),
  }),
);

/** The schema of one service. */
export const serviceSchema = named(
  "ServiceInput",
  "One service as users write it.",
  mapping("a service, with listen or handler", {
    listen: optional(
      oneOrMore(
        listenAddress,
        ({ input }) =>
          typeof input === "number"
            ? `an address such as text://0.0.0.0:${input}`
            : "an address or a list of addresses",
      ),
      "Where to listen: `PROTOCOL[+TRANSPORT]://HOST:PORT` or `PROTOCOL+unix:///PATH`, one or several",
    ),
    protocol: optional(
      modulePath,
      "A protocol's name, or the path or URL of its module",
      { words: "that of the address" },
    ),
    handler: optional(modulePath, "Path or URL of the service's module"),
    ...upstream.shape,
    hooks,
    ...hookPolicy.shape,
    options: z.unknown().optional().meta({ description: "A JSON value that the handler is given" }),
    ...defaults.shape,
  }),
  { extends: ["UpstreamInput", "HookPolicyInput", "DefaultsInput"] },
);

const log = named(
  "LogInput",
  "What is logged, how and where.",
  mapping("a mapping with level, format, file and flood", {
    level: optional(choice(LOG_LEVELS), "The lowest level that is written", "info"),
    format: optional(choice(["pretty", "json"]), "For people or for programs", "pretty"),
    file: optional(path, "Path of the file to write to", { words: "the standard error stream" }),
    flood: optional(
      count(0),
      "How many lines of one kind (one message template) a service may log in a second, all its instances together; the rest is dropped and counted; 0 sets no limit",
      DEFAULT_FLOOD,
    ),
  }),
);

const serviceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, {
  error: "a name of letters, digits, - and _",
});

const protocolName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, {
  error: "a name of letters, digits, dots, - and _ that begins with a letter",
}).refine((name) => !["tcp", "tls", "unix", "udp"].includes(name.toLowerCase()), {
  error: "another name: this one is a transport's",
});

/** The schema of a configuration. */
export const configSchema = named(
  "ConfigInput",
  "A configuration as users write it, in YAML or as an object. Relative paths start from its folder.",
  mapping("a mapping with services", {
    services: required(
      z.record(serviceName, serviceSchema.nullish().transform((value) => value ?? {}), {
        error: WANTED_SERVICES,
      })
        .refine((services) => Object.keys(services).length > 0, { error: WANTED_SERVICES }),
      "The services by name",
    ),
    control: optional(
      z.union([path, z.literal(false, { error: "a path or false" })], { error: "a path or false" }),
      "Path of the control socket, or false for none",
      { words: "`protohost.sock` beside the file; none without a file or on Windows" },
    ),
    log: optionalMapping(log, "What is logged, how and where"),
    protocols: optionalMapping(
      z.record(protocolName, modulePath, { error: "a mapping of names to paths" }),
      "Protocols by name, each the path or URL of its module",
    ),
    defaults: optionalMapping(defaults, "What holds for every service that does not say otherwise"),
  }),
);
