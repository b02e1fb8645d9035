/**
 * All that a worker is told to run one instance of a service. JSON-safe.
 *
 * @module
 */

import type { Limits } from "../contract/limits.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { HooksSpec } from "../hooks/rule.ts";
import type { Permissions } from "./permissions.ts";
import type { PoolSpec } from "./pool_spec.ts";
import type { ProxySpec } from "./proxy_spec.ts";
import type { TlsSpec } from "./tls_spec.ts";

/** What an instance runs in: a process of its own, a worker of the server's process, or a process for each connection. */
export type Isolation = "process" | "worker" | "connection";

/** All a worker needs to know to run one instance of a service. */
export interface WorkerSpec {
  service: string;
  /** Counts the replacements of this service, from 1. */
  generation: number;
  instance: number;
  /** Addresses from the configuration; empty where the service module's own hold. */
  listen: string[];
  /** A protocol's name or module URL that takes precedence over the addresses'. */
  protocol?: string;
  /** The service module's URL. */
  handler?: string;
  /** Handed to the handler as they stand. */
  options: unknown;
  /** Without, there are none. */
  hooks?: HooksSpec;
  /** The servers behind, in place of a handler. */
  proxy?: ProxySpec;
  /** Networks of proxies whose connections begin with a PROXY header. */
  acceptProxyProtocol?: string[];
  isolation: Isolation;
  /** Of `isolation: connection`: the processes that serve its connections. */
  pool?: PoolSpec;
  /** Of such a process: the path of the unix socket by which it is handed its only connection. It listens nowhere else. */
  handoffSocket?: string;
  /** The user and group that its process runs as, by name or number. */
  user?: string;
  group?: string;
  /** Without, it may do what the process may that it runs in. */
  permissions?: Permissions;
  /** This instance's share. */
  limits: Limits;
  tls?: TlsSpec;
  /** The configuration's `protocols`: names to module URLs. */
  protocols: Record<string, string>;
  /** URL of the folder of the configuration, with a slash at its end. */
  base: string;
  /** The lowest level of log records worth sending to the supervisor. */
  logLevel: LogLevel;
  /** So many log lines of one kind it sends in a second; 0 for any. @default {5000} */
  logFlood?: number;
  /** Where the code's `console` writes. @default {both streams, as it is usual} */
  console?: "stderr";
}
