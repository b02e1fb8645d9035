/**
 * The configuration, as users write it (`...Input`) and as the server uses it.
 *
 * @module
 */

import type { HookSource } from "../hooks/rule.ts";
import type { HookDirection } from "../hooks/steps.ts";
import type { OnHookError, OnHookTimeout } from "../hooks/timeouts.ts";
import type { Limits, LimitsInput, Quantity } from "../limits.ts";
import type { CertificateFiles, Isolation, LogLevel, TlsSpec } from "../messages.ts";
import type { Permissions } from "../isolation/permissions.ts";
import type { ProxySpec } from "../proxy/spec.ts";

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
  /** The servers behind, in place of a handler. */
  proxy?: ProxySpec;
  /** Networks of proxies whose connections begin with a PROXY header. */
  acceptProxyProtocol?: string[];
  /** Modules and rules, in their order. */
  hooks: HookSource[];
  /** How long a hook's promise may take, in milliseconds; 0 for any time. */
  hookTimeoutMs: number;
  /** What becomes of the message whose hook takes longer. */
  onHookTimeout: OnHookTimeout;
  /** What becomes of the message whose hook throws. */
  onHookError: OnHookError;
  /** Handed to the handler as they stand; a JSON value. */
  options: unknown;
  /** How many workers share the service. */
  instances: number;
  /** What its instances run in; without, the best that the server can do. */
  isolation?: Isolation;
  /** What its code may do beyond what a service needs. */
  permissions?: Permissions;
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
   * What an instance runs in: a process of its own, or a worker of the server's process.
   *
   * @default {"process" where the server may run programs, else "worker"}
   */
  isolation?: Isolation;
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

/** A rule as users write it: bound either to commands or to a sequence of them. */
export interface RuleInput {
  /** Commands, or patterns with `*` in them. */
  on?: string | number | (string | number)[];
  /** Commands that come one after the other on a connection. */
  sequence?: StepInput[];
  /**
   * Which way the messages go: `in` from client to server, `out` back.
   *
   * @default {"in"}
   */
  direction?: HookDirection;
  /** The most time from the first command of a sequence to the last. */
  within?: Quantity;
  /**
   * Whether nothing may come between the commands of a sequence, in the directions that it names.
   *
   * @default {false}
   */
  strict?: boolean;
  /**
   * Higher runs first.
   *
   * @default {0}
   */
  priority?: number;
  /** All of these must hold. */
  when?: ConditionInput | ConditionInput[];
  /** What is done, in this order; the last of `reply`, `replace`, `drop` and `close` decides. */
  then: ActionInput | ActionInput[];
}

/** A step of a sequence: a command, or a mapping with one of the keys but `direction`, `min` and `max`. */
export type StepInput = string | number | {
  /** A command. */
  command?: string | number;
  /** Any command. */
  any?: true;
  /** A command that is none of these. */
  not?: string | number | (string | number)[];
  /** One of these commands. */
  oneOf?: string | number | (string | number)[];
  /** A step that comes `min` to `max` times. */
  repeat?: StepInput;
  /** A step that may be left out. */
  optional?: StepInput;
  /**
   * How often a repeated step comes at least.
   *
   * @default {1}
   */
  min?: number;
  /**
   * How often a repeated step comes at most.
   *
   * @default {min}
   */
  max?: number;
  /** Which way its messages go, where the rule's own does not do. */
  direction?: HookDirection;
};

/** A condition: of a field of the message, of the client's address, or the contrary of one. */
export type ConditionInput =
  | {
    /** The field's path, as `user.name` or `args[0]`; empty for the message itself. */
    field: string;
    /** The same value. */
    equals?: unknown;
    /** A regular expression, plain or as `/.../i`. */
    matches?: string;
    /** One of these values. */
    in?: unknown[];
    /** A number above this one. */
    greater?: number;
    /** A number below this one. */
    less?: number;
  }
  /** Ranges in CIDR notation. */
  | { address: string | string[] }
  | { not: ConditionInput };

/** An action: a word, or a mapping with one key. */
export type ActionInput = "drop" | "close" | ActionMapping;

/** An action with its value. A message that is a text is in the protocol's own notation. */
export interface ActionMapping {
  /** Answer this to the sender; the message goes no further. */
  reply?: unknown;
  /** Let this message go on in place of the one that came. */
  replace?: unknown;
  /** Let the message go no further. */
  drop?: true;
  /** Hold the message back for so long. */
  delay?: Quantity;
  /** Close the connection, once the client has got this message. */
  close?: unknown;
  /** Write this to the log; at `info` unless it says otherwise. */
  log?: string | { level?: LogLevel; message: string };
  /** Count under this name. */
  count?: string;
  /** Post what happened to this URL. */
  webhook?: string | { url: string; headers?: Record<string, string>; timeout?: Quantity; retries?: number };
  /** Run this program with these arguments, without a shell. */
  exec?: string[];
  /** Send what happened to every subscriber of this topic. */
  publish?: string;
}
