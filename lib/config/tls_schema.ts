/**
 * The schema of a service's certificates.
 *
 * @module
 */

import * as z from "zod";
import { choice, hostName, mapping, named, oneOrMore, optional, path, required } from "./schema_builders.ts";

const certificate = named(
  "CertificateInput",
  "A certificate of several.",
  mapping("a mapping with cert and key", {
    cert: required(path, "Path of the certificate chain in PEM"),
    key: required(path, "Path of the private key in PEM"),
    names: optional(
      z.array(hostName, { error: "a list of host names" }),
      "Host names this certificate is for",
      { words: "those that the certificate names" },
    ),
  }),
);

/** One certificate, or several by host name. */
export const tls = named(
  "TlsInput",
  "TLS as users write it: one certificate by `cert` and `key`, or several by `certificates`.",
  mapping("a mapping with cert and key, or with certificates", {
    cert: optional(path, "Path of the certificate chain in PEM"),
    key: optional(path, "Path of the private key in PEM"),
    certificates: optional(
      z.array(certificate, { error: "a list of certificates" }).min(1, { error: "at least one certificate" }),
      "Several certificates by host name; the first is for clients that name no host or an unknown one",
    ),
    clientCa: optional(
      oneOrMore(path, "a path or a list of paths"),
      "Path or paths of the authorities, in PEM, that clients' certificates are checked against",
    ),
    clientCertificate: optional(
      choice(["none", "optional", "required"]),
      "Whether a client is not asked for a certificate, may show one or must",
      { words: '"required" with `clientCa`, else "none"' },
    ),
  }),
);
