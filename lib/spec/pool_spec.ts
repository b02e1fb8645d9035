/**
 * The pool of `isolation: connection`: how many processes there may be, and what is said of it. Pure.
 *
 * @module
 */

import type { Permissions } from "./permissions.ts";
import type { TransportName } from "../contract/connection.ts";

/** The processes of a service, each for one connection. */
export interface PoolLimits {
  /** The most that there are at a time, spare ones among them. */
  size: number;
  /** So many are kept that have loaded the service's code and wait for a connection; never more than `size`. */
  spare: number;
  /** So long a connection waits for a process, in milliseconds, before it is refused; 0 for any time. */
  waitMs: number;
}

/** The pool of a service that says nothing of its own. */
export const DEFAULT_POOL: Readonly<PoolLimits> = { size: 64, spare: 4, waitMs: 10_000 };

/** What an instance is told of its pool. */
export interface PoolSpec extends PoolLimits {
  /** A folder that is private, for the sockets between it and its processes; given by whoever starts the instance. */
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

/** How a pool does. */
export interface PoolStatus {
  /** Processes, those that start and end among them. */
  processes: number;
  /** Processes that serve a connection. */
  busy: number;
  /** Processes that wait for one. */
  spare: number;
  /** Connections that wait for a process. */
  waiting: number;
  /** What the processes take (RSS), about a second old. */
  memoryBytes: number;
}

/** Whose connection a process is handed. */
export interface HandedPeer {
  /** Its number among the connections of the instance. */
  number: number;
  /** At which of the service's addresses it was accepted, from 0. */
  binding: number;
  kind: TransportName;
  remote: Deno.Addr;
  local: Deno.Addr;
}

/** How many processes a pool has, and what for. */
export interface Headcount {
  /** All that there are, from their start until nothing is left of them. */
  processes: number;
  /** Those that have not loaded yet. */
  starting: number;
  /** Those that have and wait. */
  spare: number;
  /** Connections that wait. */
  waiting: number;
}

/**
 * How many processes to start now: as many as wait and as are to be spare, within the pool's size and no more at once
 * than the machine has use for.
 *
 * @param atOnce So many may be starting side by side.
 */
export function missing(
  count: Headcount,
  limits: Pick<PoolLimits, "size" | "spare">,
  atOnce: number,
): number {
  const wanted = count.waiting + limits.spare - count.spare - count.starting;
  return Math.max(0, Math.min(wanted, limits.size - count.processes, atOnce - count.starting));
}
