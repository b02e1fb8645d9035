/**
 * The configuration, as users write it (`...Input`) and as the server uses it.
 *
 * @module
 */

import type { Limits, LimitsInput } from "../limits.ts";
import type { CertificateFiles, LogLevel, TlsSpec } from "../messages.ts";

/** How log records are written. */
export type LogFormat = "pretty" | "json";

/** A configuration as the server uses it: defaults filled in, paths absolute, limits as numbers. */
export interface Config {
  /** Absolute path of the YAML file; absent when made in code. */
  file?: string;
  /** URL of the folder that relative paths start from, with a slash at its end. */
  base: string;
  /** Absolute path of the control socket; false for none. */
  control: string | false;
  /** What is logged, how and where. */
  log: LogConfig;
  /** Protocol names, in lower case, to module URLs. */
  protocols: Record<string, string>;
  /** The services, by name. */
  services: Record<string, ServiceConfig>;
}

/** What is logged, how and where. */
export interface LogConfig {
  /** The lowest level that is written. */
  level: LogLevel;
  /** For people or for programs. */
  format: LogFormat;
  /** Absolute path; the standard error stream without. */
  file?: string;
}

/** One service, defaults merged in. */
export interface ServiceConfig {
  /** The key under `services`. */
  name: string;
  /** Addresses; empty if the handler's module is to bring its own. */
  listen: string[];
  /** A protocol's name in lower case, or a module URL, that takes precedence over the addresses'. */
  protocol?: string;
  /** Module URL. */
  handler?: string;
  /** Addresses of the servers behind. Always empty in this version. */
  upstream: string[];
  /** Always empty in this version. */
  hooks: unknown[];
  /** Handed to the handler as they stand; a JSON value. */
  options: unknown;
  /** How many workers share the service. */
  instances: number;
  /** Limits of the whole service. */
  limits: Limits;
  /** Certificates by absolute path. */
  tls?: TlsSpec;
}

/** A configuration as users write it, in YAML or as an object. Relative paths start from the configuration's folder. */
export interface ConfigInput {
  /** The services, by name. */
  services: Record<string, ServiceInput>;
  /**
   * Path of the control socket, or false for none.
   *
   * @default {"protohost.sock" beside the file; none without a file}
   */
  control?: string | false;
  /** What is logged, how and where. */
  log?: LogInput;
  /** Protocol names to modules. */
  protocols?: Record<string, string>;
  /** What holds for every service that does not say otherwise. */
  defaults?: DefaultsInput;
}

/** What is logged, how and where, as users write it. */
export interface LogInput {
  /**
   * The lowest level that is written.
   *
   * @default {"info"}
   */
  level?: LogLevel;
  /**
   * For people or for programs.
   *
   * @default {"pretty"}
   */
  format?: LogFormat;
  /** Path of a file to write to in place of the standard error stream. */
  file?: string;
}

/** What of a service can be given once for all. */
export interface DefaultsInput {
  /**
   * How many workers share a service.
   *
   * @default {1}
   */
  instances?: number;
  /** What a service bears; those of a service go over the defaults one by one. */
  limits?: LimitsInput;
  /** Certificates; those of a service take the place of the defaults. */
  tls?: TlsInput;
}

/** One service as users write it. */
export interface ServiceInput extends DefaultsInput {
  /** One address or several. */
  listen?: string | string[];
  /** A protocol's name, or the path or URL of its module. */
  protocol?: string;
  /** Path or URL of the service's module. */
  handler?: string;
  /** Not available in this version. */
  upstream?: string | string[];
  /** Not available in this version. */
  hooks?: unknown[];
  /** A JSON value, handed to the handler. */
  options?: unknown;
}

/** TLS as users write it: one certificate by `cert` and `key`, or several as `certificates`. */
export interface TlsInput {
  /** Path of the certificate chain in PEM. */
  cert?: string;
  /** Path of the private key in PEM. */
  key?: string;
  /** Several certificates, by host name. */
  certificates?: CertificateFiles[];
  /** Path or paths of authorities that clients' certificates are checked against. */
  clientCa?: string | string[];
  /**
   * Whether a client must, may, or is not asked to show a certificate.
   *
   * @default {"required" with `clientCa`, else "none"}
   */
  clientCertificate?: "none" | "optional" | "required";
}
