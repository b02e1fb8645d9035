/**
 * The configuration as users write it, made from `config_schema.ts` and the schemas of its parts.
 *
 * Written by scripts/schema.ts; do not edit
 *
 * @module
 */

import type { LimitsInput } from "../contract/limit_types.ts";
import type { Quantity } from "../base/units.ts";

/** A configuration as users write it, in YAML or as an object. Relative paths start from its folder. */
export interface ConfigInput {
  /** The services by name. */
  services: Record<string, ServiceInput>;
  /**
   * Path of the control socket, or false for none.
   *
   * @default {`protohost.sock` beside the file; none without a file or on Windows}
   */
  control?: string | false;
  /** What is logged, how and where. */
  log?: LogInput;
  /** Protocols by name, each the path or URL of its module. */
  protocols?: Record<string, string>;
  /** What holds for every service that does not say otherwise. */
  defaults?: DefaultsInput;
}

/** One service as users write it. */
export interface ServiceInput extends UpstreamInput, HookPolicyInput, DefaultsInput {
  /** Where to listen: `PROTOCOL[+TRANSPORT]://HOST:PORT` or `PROTOCOL+unix:///PATH`, one or several. */
  listen?: string | string[];
  /**
   * A protocol's name, or the path or URL of its module.
   *
   * @default {that of the address}
   */
  protocol?: string;
  /** Path or URL of the service's module. */
  handler?: string;
  /** Hooks on commands, in their order: paths or URLs of modules, and rules. */
  hooks?: (string | RuleInput)[];
  /** A JSON value that the handler is given. */
  options?: unknown;
}

/** TLS towards an upstream. */
export interface UpstreamTlsInput {
  /**
   * Whether the upstream's certificate is checked.
   *
   * @default {true}
   */
  verify?: boolean;
  /**
   * The name to ask for and to check.
   *
   * @default {the host of the upstream's address}
   */
  serverName?: string;
  /**
   * Path or paths of the authorities, in PEM, to trust.
   *
   * @default {those of the system}
   */
  ca?: string | string[];
  /** Path of the certificate chain, in PEM, to show to the upstream. */
  cert?: string;
  /** Path of its private key in PEM. */
  key?: string;
}

/** A rule, bound either to commands or to a sequence of them. */
export interface RuleInput {
  /** Commands, or patterns with `*` in them; letter case counts. */
  on?: string | number | (string | number)[];
  /** Commands that come one after the other. */
  sequence?: StepInput[];
  /**
   * Which way the messages go: `in` from client to server, `out` back, or both.
   *
   * @default {"in"}
   */
  direction?: "in" | "out" | "both";
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
  /** What to do, in this order; the last of `reply`, `replace`, `drop` and `close` decides. */
  then: ActionInput | ActionInput[];
}

/** A step of a sequence: a command, or a mapping. */
export type StepInput = string | number | StepMapping;

/** A step with exactly one of the keys but `direction`, `min` and `max`. */
export interface StepMapping {
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
   * @default {`min`}
   */
  max?: number;
  /**
   * Which way the messages of this step go.
   *
   * @default {that of the rule}
   */
  direction?: "in" | "out" | "both";
}

/** A condition: tests of a field of the message, the client's address, or the negation of one. */
export interface ConditionInput {
  /** The path of a field, as `user.name` or `args[0]`; empty for the message itself. */
  field?: string;
  /** The field is this value. */
  equals?: unknown;
  /** The field matches this regular expression, plain or as `/.../i`. */
  matches?: string;
  /** The field is one of these values. */
  in?: unknown[];
  /** The field is a number above this one. */
  greater?: number;
  /** The field is a number below this one. */
  less?: number;
  /** The client's address is in one of these ranges, in CIDR notation. */
  address?: string | string[];
  /** This condition does not hold. */
  not?: ConditionInput;
}

/** An action: a word, or a mapping with one key. */
export type ActionInput = "drop" | "close" | ActionMapping;

/** An action with its value. A message that is a text is in the protocol's own notation. */
export interface ActionMapping {
  /** Answer this to the sender; the message goes no further. */
  reply?: unknown;
  /** Forward this message in place of the one that came. */
  replace?: unknown;
  /** Drop the message. */
  drop?: true;
  /** Hold the message back for this long. */
  delay?: Quantity;
  /** Close the connection, after sending the client this message. */
  close?: unknown;
  /**
   * Write this to the log, at `info` unless it says otherwise; `{message}`, `{command}`, `{direction}`,
   * `{connection}` and `{remote}` in it stand for what they say.
   */
  log?: string | LogActionInput;
  /** Add one to this counter of the service; `{command}` and `{direction}` in it stand for the message's. */
  count?: string;
  /** Post what happened to this URL, in the background and with retries. */
  webhook?: string | WebhookActionInput;
  /** Run this program with these arguments, without a shell; the message is JSON on its standard input. */
  exec?: string[];
  /** Send what happened to every subscriber of this topic. */
  publish?: string;
}

/** A line in the log, with its level. */
export interface LogActionInput {
  /**
   * The level.
   *
   * @default {"info"}
   */
  level?: "trace" | "debug" | "info" | "warning" | "error" | "fatal";
  /** What is logged. */
  message: string;
}

/** A webhook, with its headers and retries. */
export interface WebhookActionInput {
  /** Where to post. */
  url: string;
  /** Headers of the request. */
  headers?: Record<string, string>;
  /**
   * How long one attempt may take.
   *
   * @default {"5 s"}
   */
  timeout?: Quantity;
  /**
   * How many attempts follow a failed one.
   *
   * @default {3}
   */
  retries?: number;
}

/** What names the commands of a service. */
export interface CommandInput {
  /** The key of a message that holds its command. */
  key: string;
}

/** The processes of `isolation: connection`, counted over the whole service. */
export interface PoolInput {
  /**
   * The most processes at a time, spare ones included.
   *
   * @default {64}
   */
  size?: number;
  /**
   * How many processes have loaded the service's code and wait for a connection.
   *
   * @default {4}
   */
  spare?: number;
  /**
   * How long a connection waits for a process before it is refused; 0 for any time.
   *
   * @default {"10 s"}
   */
  wait?: Quantity;
}

/** Deno's permissions as users write them: one item, a list of them, true for all, false for none. */
export interface PermissionsInput {
  /**
   * `HOST` or `HOST:PORT` to connect to or to listen at, besides the service's own addresses and upstreams.
   */
  net?: boolean | string | string[];
  /** Paths to read, besides the folders of the configuration and of the service's modules. */
  read?: boolean | string | string[];
  /** Paths to write. */
  write?: boolean | string | string[];
  /** Environment variables to read. */
  env?: boolean | string | string[];
  /** Programs to run, by name or path. */
  run?: boolean | string | string[];
  /**
   * Topics to publish to; `news.*` stands for all that begin with `news.`.
   *
   * @default {true}
   */
  publish?: boolean | string | string[];
  /**
   * Topics to subscribe, in the same way.
   *
   * @default {true}
   */
  subscribe?: boolean | string | string[];
}

/** TLS as users write it: one certificate by `cert` and `key`, or several by `certificates`. */
export interface TlsInput {
  /** Path of the certificate chain in PEM. */
  cert?: string;
  /** Path of the private key in PEM. */
  key?: string;
  /** Several certificates by host name; the first is for clients that name no host or an unknown one. */
  certificates?: CertificateInput[];
  /** Path or paths of the authorities, in PEM, that clients' certificates are checked against. */
  clientCa?: string | string[];
  /**
   * Whether a client is not asked for a certificate, may show one or must.
   *
   * @default {"required" with `clientCa`, else "none"}
   */
  clientCertificate?: "none" | "optional" | "required";
}

/** A certificate of several. */
export interface CertificateInput {
  /** Path of the certificate chain in PEM. */
  cert: string;
  /** Path of the private key in PEM. */
  key: string;
  /**
   * Host names this certificate is for.
   *
   * @default {those that the certificate names}
   */
  names?: string[];
}

/** What is logged, how and where. */
export interface LogInput {
  /**
   * The lowest level that is written.
   *
   * @default {"info"}
   */
  level?: "trace" | "debug" | "info" | "warning" | "error" | "fatal";
  /**
   * For people or for programs.
   *
   * @default {"pretty"}
   */
  format?: "pretty" | "json";
  /**
   * Path of the file to write to.
   *
   * @default {the standard error stream}
   */
  file?: string;
  /**
   * How many lines of one kind (one message template) a service may log in a second, all its instances
   * together; the rest is dropped and counted; 0 sets no limit.
   *
   * @default {5000}
   */
  flood?: number;
}

/** What holds for every service that does not say otherwise. */
export interface DefaultsInput {
  /**
   * How many instances share the service.
   *
   * @default {1}
   */
  instances?: number;
  /**
   * Whether a reload replaces the service when its configuration or code has changed; false keeps its
   * connections, until it is restarted by name.
   *
   * @default {true}
   */
  reload?: boolean;
  /**
   * What an instance runs in: a process of its own, a worker of the server's process, or a process for each
   * connection.
   *
   * @default {"process" where the server may run programs, else "worker"}
   */
  isolation?: "process" | "worker" | "connection";
  /** The processes of `isolation: connection`. */
  pool?: PoolInput;
  /**
   * The user that the service's processes run as, by name or number, where the server runs as root.
   *
   * @default {the server's}
   */
  user?: string | number;
  /**
   * The group that they run as, by name or number.
   *
   * @default {the user's}
   */
  group?: string | number;
  /** What the service's code may do besides serving its addresses. */
  permissions?: PermissionsInput;
  /** The limits of the service; its own go over the defaults one by one. */
  limits?: LimitsInput;
  /** Certificates, for `tls` addresses and for upgrades to TLS. */
  tls?: TlsInput;
}

/** What a service that stands in front of another server relays to, and how. */
export interface UpstreamInput {
  /** The server to relay to, or several: `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix:///PATH`. */
  upstream?: string | string[];
  /**
   * Which of several upstreams gets a connection: the first that can be reached, or each in turn.
   *
   * @default {"first"}
   */
  balance?: "first" | "round-robin";
  /**
   * How long connecting to an upstream may take, TLS included.
   *
   * @default {"5 s"}
   */
  connectTimeout?: Quantity;
  /** TLS towards the upstream. */
  upstreamTls?: UpstreamTlsInput;
  /** Send the client's address to the upstream in a PROXY protocol header of this version. */
  sendProxyProtocol?: "v1" | "v2";
  /** Networks of proxies whose connections begin with a PROXY protocol header. */
  acceptProxyProtocol?: string[];
  /**
   * What to do with a proxied connection whose bytes make no frame.
   *
   * @default {"close"}
   */
  onBadFrame?: "close" | "passthrough";
}

/** What names commands, how long hooks may take, and what holds when they fail. */
export interface HookPolicyInput {
  /**
   * What hooks and counters call a message, where its protocol leaves that to users, as `jsonnl` does.
   *
   * @default {what the protocol says: for `jsonnl` the first of `type`, `cmd` and `method`}
   */
  command?: CommandInput;
  /**
   * How long a hook's promise may take to settle; 0 turns it off.
   *
   * @default {"5 s"}
   */
  hookTimeout?: Quantity;
  /**
   * What to do with the message whose hook takes longer; `close` closes its connection.
   *
   * @default {"close"}
   */
  onHookTimeout?: "pass" | "drop" | "close";
  /**
   * What to do with the message whose hook throws; `close` closes its connection.
   *
   * @default {"close"}
   */
  onHookError?: "pass" | "close";
}
