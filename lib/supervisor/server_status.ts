/**
 * The state of a server and its services as a JSON value, for people and monitoring programs.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";
import type { ServiceStats } from "../contract/stats.ts";

/**
 * The state of a service.
 *
 * `starting`: its first generation is not ready yet. `running`: every instance serves. `degraded`: some instances serve,
 * others crashed and will be restarted. `wedged`: an instance blocks its event loop and cannot be terminated.
 * `restarting`: all instances crashed and will be restarted. `failed`: the same, but it crashed so often that it is
 * restarted at long intervals only. `draining`: it lets its last connections finish. `stopped`: nothing of it runs.
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

/** The state of a server. */
export type ServerState = "starting" | "running" | "stopping" | "stopped";

/** One instance of one generation of a service. */
export interface InstanceStatus {
  /** Which generation of the service it belongs to. */
  generation: number;
  /** From 0. */
  instance: number;
  /** A name of the slot's state, such as `loading`, `ready`, `waiting` or `draining`. */
  state: string;
  /** Since when it is in that state, in milliseconds since the epoch. */
  since: number;
  /** How often its worker failed after it had begun to serve. */
  crashes: number;
  /** How often its worker was replaced after that. */
  restarts: number;
  /** Its open connections. */
  open?: number;
  /** The id of the process it runs in; absent while it has no worker. */
  pid?: number;
  /** The memory of its processes (RSS), about a second old; absent if it runs in the server's process. */
  memoryBytes?: number;
  /** The processes that serve its connections, with `isolation: connection`. */
  pool?: PoolStatus;
  /** Messages to it and from it that were dropped since its worker started: it reads too slowly, or sends too much. */
  dropped?: number;
  /** Its latest error. */
  lastError?: ErrorRecord;
}

/** One service. */
export interface ServiceStatus {
  /** The service's name. */
  name: string;
  /** Its state. */
  state: ServiceState;
  /** What its instances run in. */
  isolation?: Isolation;
  /** Counts its replacements, from 1. */
  generation: number;
  /** The addresses it is bound to, with their real ports. */
  addresses: string[];
  /** The names of its protocols. */
  protocols: string[];
  /** When this generation began to serve, in milliseconds since the epoch. */
  since?: number;
  /** Crashes since the start of the server, all generations. */
  crashes: number;
  /** Workers replaced after a crash since the start of the server, all generations. */
  restarts: number;
  /** The latest error: a crash, or a failed restart. */
  lastError?: ErrorRecord;
  /** The instances of every running generation, draining ones first. */
  instances: InstanceStatus[];
  /** The sum over instances and generations since the start of the server. */
  stats: ServiceStats;
}

/** A server. */
export interface ServerStatus {
  /** The program's version. */
  version: string;
  /** The id of its process. */
  pid: number;
  /** Its state. */
  state: ServerState;
  /** When it started, in milliseconds since the epoch; absent before. */
  started?: number;
  /** The absolute path of the configuration file, if there is one. */
  config?: string;
  /** The absolute path of the control socket, if there is one. */
  control?: string;
  /** Whether instances and generations can share a port here. */
  portSharing: boolean;
  /** Its services, removed ones first. */
  services: ServiceStatus[];
}
