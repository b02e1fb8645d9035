/**
 * The pool of `isolation: connection`: its limits and its status. Pure.
 *
 * @module
 */

import type { Permissions } from "./permissions.ts";
import type { TransportName } from "../contract/connection.ts";

/** The processes of a service, each for one connection. */
export interface PoolLimits {
  /** The most processes at a time, spare ones included. */
  size: number;
  /** How many processes wait for a connection with the service's code loaded; never more than `size`. */
  spare: number;
  /** How long a connection waits for a process before it is refused, in milliseconds; 0 for no limit. */
  waitMs: number;
}

/** The default pool. */
export const DEFAULT_POOL: Readonly<PoolLimits> = { size: 64, spare: 4, waitMs: 10_000 };

/** The pool of one instance. */
export interface PoolSpec extends PoolLimits {
  /** A private folder for the sockets between it and its processes; set when the instance is started. */
  folder?: string;
  /** The deno.json by which the service's imports resolve, if there is one. */
  config?: string;
  /** What its processes may do, which do not listen. @default {what the instance may} */
  permissions?: Permissions;
  /** The folder that its processes have for Deno's cache, if it is not the server's. */
  cache?: string;
}

/** One instance's share of a service's pool, rounded up. */
export function sharePool(pool: PoolLimits, instances: number): PoolLimits {
  return {
    ...pool,
    size: Math.ceil(pool.size / instances),
    spare: Math.ceil(pool.spare / instances),
  };
}

/** The status of a pool. */
export interface PoolStatus {
  /** Processes, including those that start or end. */
  processes: number;
  /** Processes that serve a connection. */
  busy: number;
  /** Processes that wait for one. */
  spare: number;
  /** Connections that wait for a process. */
  waiting: number;
  /** The memory of the processes (RSS), about a second old. */
  memoryBytes: number;
}

/** The peer of a connection that is handed to a process. */
export interface HandedPeer {
  /** Its number among the connections of the instance. */
  number: number;
  /** At which of the service's addresses it was accepted, from 0. */
  binding: number;
  kind: TransportName;
  remote: Deno.Addr;
  local: Deno.Addr;
}

/** How many processes a pool has, by state. */
export interface Headcount {
  /** All processes, from their start to their end. */
  processes: number;
  /** Those that load. */
  starting: number;
  /** Those that have loaded and wait for a connection. */
  spare: number;
  /** Connections that wait. */
  waiting: number;
}

/**
 * How many processes to start now: enough for the waiting connections and the spare ones, within the pool's size and
 * `atOnce`.
 *
 * @param atOnce How many may start at the same time.
 */
export function missing(
  count: Headcount,
  limits: Pick<PoolLimits, "size" | "spare">,
  atOnce: number,
): number {
  const wanted = count.waiting + limits.spare - count.spare - count.starting;
  return Math.max(0, Math.min(wanted, limits.size - count.processes, atOnce - count.starting));
}
