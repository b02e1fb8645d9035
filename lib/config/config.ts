/**
 * The configuration as the server uses it: nothing in it is left to say.
 *
 * @module
 */

import type { CommandNaming } from "../contract/protocol.ts";
import type { HookSource } from "../hooks/rule.ts";
import type { OnHookError, OnHookTimeout } from "../hooks/timeouts.ts";
import type { LogConfig } from "../spec/log_spec.ts";
import type { Limits } from "../contract/limits.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { TlsSpec } from "../spec/tls_spec.ts";
import type { TopicAccess } from "../spec/topic_access.ts";
import type { Permissions } from "../spec/permissions.ts";
import type { PoolLimits } from "../spec/pool_spec.ts";
import type { ProxySpec } from "../spec/proxy_spec.ts";

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
  /** What names its commands; without, its protocol does. */
  command?: CommandNaming;
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
  /** With `isolation: connection`: its processes; the default pool without. */
  pool?: PoolLimits;
  /** The user that its processes run as, by name or number; the server's own without. */
  user?: string;
  /** Their group, in the same way. */
  group?: string;
  /** What its code may do beyond what a service needs. */
  permissions?: Permissions;
  /** What it may do with topics; anything without. */
  topics?: TopicAccess;
  /** Limits of the whole service. */
  limits: Limits;
  /** Which of them the configuration gives; a protocol may have others in place of the rest. */
  givenLimits?: readonly string[];
  /** Certificates by absolute path. */
  tls?: TlsSpec;
}
