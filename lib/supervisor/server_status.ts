/**
 * The state of a server and its services as a JSON value, for people and programs that watch.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";
import type { ServiceStats } from "../contract/stats.ts";

/**
 * How a service does.
 *
 * `starting`: its first generation is not ready yet. `running`: every instance serves. `degraded`: some instances serve
 * and others have crashed and are to be tried again. `wedged`: an instance is busy for good and cannot be ended.
 * `restarting`: all have crashed and are to be tried again.
 * `failed`: the same, but it has crashed so often that it is tried again at long intervals only. `draining`: it is
 * about to stop. `stopped`: nothing of it runs.
 */
export type ServiceState =
  | "starting"
  | "running"
  | "degraded"
  | "wedged"
  | "restarting"
  | "failed"
  | "draining"
  | "stopped";

/** How a server does. */
export type ServerState = "starting" | "running" | "stopping" | "stopped";

/** One instance of one generation of a service. */
export interface InstanceStatus {
  /** Which generation of the service it belongs to. */
  generation: number;
  /** From 0. */
  instance: number;
  /** A name of the slot's state, such as `loading`, `ready`, `waiting` or `draining`. */
  state: string;
  /** Milliseconds since the epoch: since when it is in that state. */
  since: number;
  /** How often its worker failed after it had served. */
  crashes: number;
  /** How often its worker was replaced after that. */
  restarts: number;
  /** Its open connections. */
  open?: number;
  /** The process that it runs in; absent while it has no worker. */
  pid?: number;
  /** What its processes take (RSS), about a second old; absent if it shares the server's. */
  memoryBytes?: number;
  /** The processes that serve its connections; of `isolation: connection` alone. */
  pool?: PoolStatus;
  /** What last went wrong with it. */
  lastError?: ErrorRecord;
}

/** One service. */
export interface ServiceStatus {
  /** The service's name. */
  name: string;
  /** How it does. */
  state: ServiceState;
  /** What its instances run in. */
  isolation?: Isolation;
  /** Counts its replacements, from 1. */
  generation: number;
  /** The addresses it is bound to, with their real ports. */
  addresses: string[];
  /** Names of the protocols it speaks there. */
  protocols: string[];
  /** Milliseconds since the epoch: since when this generation serves. */
  since?: number;
  /** Crashes since the start of the server, all generations. */
  crashes: number;
  /** Workers replaced after a crash since the start of the server, all generations. */
  restarts: number;
  /** What last went wrong: a crash, or a restart that was refused. */
  lastError?: ErrorRecord;
  /** Instances of every generation that still runs, drained ones first. */
  instances: InstanceStatus[];
  /** The sum over instances and generations since the start of the server. */
  stats: ServiceStats;
}

/** A server. */
export interface ServerStatus {
  /** The program's version. */
  version: string;
  /** Its process. */
  pid: number;
  /** How it does. */
  state: ServerState;
  /** Milliseconds since the epoch; undefined before it has started. */
  started?: number;
  /** Absolute path of the configuration file, if there is one. */
  config?: string;
  /** Absolute path of the control socket, if there is one. */
  control?: string;
  /** Whether instances and generations can share a port here. */
  portSharing: boolean;
  /** Its services, those being removed first. */
  services: ServiceStatus[];
}

/** The milliseconds as people say them: `200 ms`, `1.5 s`, `2 min`. */
export function describeDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.round(ms / 6000) / 10} min`;
}

/** The bytes as people say them, in whole mebibytes: `256 MiB`. */
export function describeBytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
