/**
 * The specification of a worker: everything it needs to run one instance of a service. JSON-safe.
 *
 * @module
 */

import type { Limits } from "../contract/limits.ts";
import type { LogLevel } from "../contract/log_level.ts";
import type { HooksSpec } from "../hooks/rule.ts";
import type { Permissions } from "./permissions.ts";
import type { PoolSpec } from "./pool_spec.ts";
import type { ServiceSpec } from "./service_spec.ts";

/** What an instance runs in: its own process, a worker of the server's process, or a process for each connection. */
export type Isolation = "process" | "worker" | "connection";

/** Contents of files by their path. */
export type FileBackup = Record<string, string>;

/** The specification of a worker. */
export interface WorkerSpec extends ServiceSpec {
  service: string;
  /** Counts the replacements of this service, from 1. */
  generation: number;
  instance: number;
  /** How many workers have run in its place before, in this generation; none if absent. */
  predecessors?: number;
  /** Absent if there are none. */
  hooks?: HooksSpec;
  isolation: Isolation;
  /** With `isolation: connection`: the processes that serve its connections. */
  pool?: PoolSpec;
  /** For such a process: the path of the unix socket where it is handed its only connection. It listens nowhere else. */
  handoffSocket?: string;
  /** If absent, it has the permissions of its process. */
  permissions?: Permissions;
  /** Of the service: the supervisor counts its connections over all instances. */
  limits: Limits;
  /** What the files of `tls` and of the proxy's contained when they were last used; absent if never yet. */
  backup?: FileBackup;
  /** The configuration's `protocols`: names to module URLs. */
  protocols: Record<string, string>;
  /** The URL of the configuration's folder, with a trailing slash. */
  base: string;
  /** The lowest level of log records that are sent to the supervisor. */
  logLevel: LogLevel;
  /** How many log lines of one kind it sends in a second; 0 for no limit. @default {5000} */
  logFlood?: number;
  /** Everything is loaded, and none of the service's callbacks is called, `onStart` neither. */
  loadOnly?: true;
  /** Makes all of `console` write to stderr. @default {both streams} */
  console?: "stderr";
}

/** What the ids of an instance's connections begin with; that of one that has taken a crashed one's place is another. */
export function connectionPrefix(
  { service, generation, instance, predecessors = 0 }: Pick<
    WorkerSpec,
    "service" | "generation" | "instance" | "predecessors"
  >,
): string {
  return `${service}.${generation}.${instance}${predecessors === 0 ? "" : `-${predecessors}`}.`;
}
