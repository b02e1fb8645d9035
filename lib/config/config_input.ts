/**
 * The configuration as users write it.
 *
 * @module
 */

import type { OnHookError, OnHookTimeout } from "../hooks/timeouts.ts";
import type { LimitsInput, Quantity } from "../contract/limits.ts";
import type { CertificateFiles } from "../spec/tls_spec.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { RuleInput } from "./rule_input.ts";
import type { LogFormat } from "../spec/log_spec.ts";

/** A configuration as users write it, in YAML or as an object. Relative paths start from the configuration's folder. */
export interface ConfigInput {
  /** The services, by name. */
  services: Record<string, ServiceInput>;
  /**
   * Path of the control socket, or false for none.
   *
   * @default {"protohost.sock" beside the file; none without a file, and none on Windows}
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
  /**
   * So many lines of one kind (one message template) an instance may log in a second; what is beyond is dropped, and a
   * line tells how many. 0 for any, each written.
   *
   * @default {5000}
   */
  flood?: number;
}

/** What of a service can be given once for all. */
export interface DefaultsInput {
  /**
   * How many workers share a service.
   *
   * @default {1}
   */
  instances?: number;
  /**
   * What an instance runs in: a process of its own, a worker of the server's process, or a process for each
   * connection.
   *
   * @default {"process" where the server may run programs, else "worker"}
   */
  isolation?: Isolation;
  /** With `isolation: connection`: the processes; what a service says goes over the defaults one by one. */
  pool?: PoolInput;
  /** What a service's code may do beyond what it needs; those of a service go over the defaults kind by kind. */
  permissions?: PermissionsInput;
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
  /** The real server, or several: `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix:///PATH`. */
  upstream?: string | string[];
  /**
   * Which upstream of several: the first that is there, or each in its turn.
   *
   * @default {"first"}
   */
  balance?: "first" | "round-robin";
  /**
   * How long connecting to an upstream may take, TLS included.
   *
   * @default {"5s"}
   */
  connectTimeout?: Quantity;
  /** How TLS towards the upstream is done. */
  upstreamTls?: UpstreamTlsInput;
  /** Tell the upstream the client's address by a header of the PROXY protocol. */
  sendProxyProtocol?: "v1" | "v2";
  /** Networks of proxies whose connections begin with such a header. */
  acceptProxyProtocol?: string[];
  /**
   * What becomes of a proxied connection whose bytes make no frame.
   *
   * @default {"close"}
   */
  onBadFrame?: "close" | "passthrough";
  /** Hooks on commands, in their order: paths or URLs of modules, and rules. */
  hooks?: (string | RuleInput)[];
  /**
   * How long a hook's promise may take; 0 for any time.
   *
   * @default {"5s"}
   */
  hookTimeout?: Quantity;
  /**
   * What becomes of the message whose hook takes longer; `close` ends its connection.
   *
   * @default {"close"}
   */
  onHookTimeout?: OnHookTimeout;
  /**
   * What becomes of the message whose hook throws; `close` ends its connection.
   *
   * @default {"close"}
   */
  onHookError?: OnHookError;
  /** A JSON value, handed to the handler. */
  options?: unknown;
}

/** The processes of `isolation: connection`, as users write them. Counts are of the whole service. */
export interface PoolInput {
  /**
   * The most that there are at a time, spare ones among them.
   *
   * @default {64}
   */
  size?: number;
  /**
   * So many have loaded the service's code and wait for a connection.
   *
   * @default {4}
   */
  spare?: number;
  /**
   * So long a connection waits for a process before it is refused; 0 for any time.
   *
   * @default {"10s"}
   */
  wait?: Quantity;
}

/** TLS towards an upstream, as users write it. */
export interface UpstreamTlsInput {
  /**
   * Whether the upstream's certificate is checked.
   *
   * @default {true}
   */
  verify?: boolean;
  /** The name to ask for and to check, in place of the address's host. */
  serverName?: string;
  /** Path or paths of authorities to trust in place of the system's. */
  ca?: string | string[];
  /** Path of the certificate chain that this side shows. */
  cert?: string;
  /** Path of its private key. */
  key?: string;
}

/** Deno's permissions as users write them: an item, a list of them, true for all, false for none. */
export interface PermissionsInput {
  /** `HOST` or `HOST:PORT`, beside the service's own addresses. */
  net?: boolean | string | string[];
  /** Paths, beside the service's own files. */
  read?: boolean | string | string[];
  /** Paths. */
  write?: boolean | string | string[];
  /** Names of environment variables. */
  env?: boolean | string | string[];
  /** Programs, by name or path. */
  run?: boolean | string | string[];
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
