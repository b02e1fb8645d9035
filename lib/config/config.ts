/**
 * The configuration as the server uses it, with nothing left out.
 *
 * @module
 */

import type { HookSource } from "../hooks/rule.ts";
import type { OnHookError, OnHookTimeout } from "../hooks/timeouts.ts";
import type { LogConfig } from "../spec/log_spec.ts";
import type { Limits } from "../contract/limits.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { Permissions } from "../spec/permissions.ts";
import type { PoolLimits } from "../spec/pool_spec.ts";
import type { ServiceSpec } from "../spec/service_spec.ts";

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
export interface ServiceConfig extends ServiceSpec {
  /** The key under `services`. */
  name: string;
  /** Modules and rules, in their order. */
  hooks: HookSource[];
  /** How long a hook's promise may take to settle, in milliseconds; 0 for any time. */
  hookTimeoutMs: number;
  /** What to do with the message whose hook takes longer. */
  onHookTimeout: OnHookTimeout;
  /** What to do with the message whose hook throws. */
  onHookError: OnHookError;
  /** How many instances share the service. */
  instances: number;
  /** What its instances run in; if absent, the best that the server can do. */
  isolation?: Isolation;
  /** With `isolation: connection`: its processes. */
  pool?: PoolLimits;
  /** Whether a reload leaves it alone whatever has changed. */
  reload?: false;
  /** What its code may do beyond what a service needs. */
  permissions?: Permissions;
  /** Limits of the whole service. */
  limits: Limits;
}
