/**
 * A pool of processes and the connections that they serve: each connection by a process of its own, in order of arrival
 * as processes become free; a connection that waits too long is refused.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { Refusal } from "../spec/worker_messages.ts";
import { connectionPrefix, type WorkerSpec } from "../spec/worker_spec.ts";
import { settleWithin } from "../base/settle.ts";
import { type ConnectionInfo, countError, type ServiceStats } from "../contract/stats.ts";
import { formatDuration } from "../base/units.ts";
import { closeQuietly } from "../transport/transport.ts";
import { type Arrival, PooledConnection } from "./pooled_connection.ts";
import type { PoolProcess } from "./pool_process.ts";
import type { Processes } from "./processes.ts";
import { refuse } from "../service/refusal.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";

/** How long past the drain timeout a process may take to cut its connection itself. */
const CUT_MS = 1000;

/** What a pool works with. */
export interface PoolOptions {
  spec: WorkerSpec;
  /** The counters of connections. */
  stats: ServiceStats;
  log: Logger;
  processes: Processes;
  /** Called when a connection has ended. */
  release(peer: { remoteAddr: Deno.Addr }): void;
}

/** Assigns connections to processes. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #prefix: string;
  readonly #clients: Set<PooledConnection> = new Set();
  /** In order of arrival, each with the timer after which it is refused. */
  readonly #waiting: Map<PooledConnection, ReturnType<typeof setTimeout> | undefined> = new Map();
  /** What refused clients are sent, by binding. */
  #refusals: readonly Refusal[] = [];
  #count = 0;
  /** Until when connections may stay open, by `performance.now`; undefined unless it drains. */
  #drainsUntil: number | undefined;
  /** How many connections `stop` cut. */
  #cut = 0;
  #allGone: (() => void)[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#prefix = connectionPrefix(options.spec);
  }

  /** What to send to refused clients, by binding. */
  set refusals(refusals: readonly Refusal[]) {
    this.#refusals = refusals;
  }

  get status(): PoolStatus {
    return { ...this.#options.processes.status, waiting: this.#waiting.size };
  }

  /** Takes a connection that has just been accepted. */
  take(arrival: Arrival): void {
    const client = new PooledConnection(++this.#count, this.#prefix, arrival);
    this.#clients.add(client);
    const { waitMs } = this.#options.spec.pool!;
    this.#waiting.set(client, waitMs > 0 ? setTimeout(() => this.#refuse(client), waitMs) : undefined);
    this.match();
    if (this.#waiting.has(client)) client.wait(() => this.#leave(client));
  }

  /** Gives spare processes to waiting connections. */
  match(): void {
    const { processes } = this.#options;
    for (const client of this.#waiting.keys()) {
      const process = processes.take();
      if (process === undefined) break;
      this.#forget(client);
      this.#serve(client, process);
    }
    processes.want(this.#waiting.size);
  }

  /** Every connection, waiting ones too; as its process reports it, where that answers. */
  async connections(): Promise<ConnectionInfo[]> {
    const { spec: { service } } = this.#options;
    return await Promise.all([...this.#clients].map(async (client) => {
      const own = client.info(service);
      const reported = (await client.process?.connections())?.[0];
      // The process runs the service's code: whose connection it is stands here.
      return reported === undefined ? own : { ...reported, id: own.id, remote: own.remote, local: own.local };
    }));
  }

  /** Lets connections finish, waiting ones too, and cuts those that take longer. */
  async drain(timeoutMs: number): Promise<{ finished: number; cut: number }> {
    const { processes, spec: { limits } } = this.#options;
    const before = this.#clients.size;
    this.#drainsUntil = performance.now() + timeoutMs;
    for (const process of processes.busy) process.drain(timeoutMs);
    processes.retire();
    await this.#emptyWithin(timeoutMs);
    const cut = this.#cut + this.#clients.size;
    for (const client of [...this.#waiting.keys()]) this.#leave(client);
    if (cut > 0) await this.#emptyWithin(limits.lingerTimeoutMs + CUT_MS);
    return { finished: before - cut, cut };
  }

  /** Cuts every connection. */
  async stop(): Promise<void> {
    this.#cut = this.#clients.size;
    for (const client of [...this.#waiting.keys()]) this.#leave(client);
    for (const client of this.#clients) closeQuietly(client.transport);
    await this.#options.processes.stop();
  }

  async #serve(client: PooledConnection, process: PoolProcess): Promise<void> {
    const { stats, log, spec: { limits } } = this.#options;
    const served = client.serve(process, { flushMs: limits.sendTimeoutMs });
    if (this.#drainsUntil !== undefined) process.drain(Math.max(0, this.#drainsUntil - performance.now()));
    const lost = await process.over;
    if (lost !== undefined) {
      countError(stats, "process_lost");
      const { what, error } = lost;
      log.error("Connection {id} from {remote} cut: its process {what}", {
        id: client.id,
        remote: client.remote,
        code: "process_lost",
        what,
        error,
      });
    }
    await served;
    this.#gone(client);
  }

  async #refuse(client: PooledConnection): Promise<void> {
    const { stats, log, spec: { pool, limits } } = this.#options;
    this.#forget(client);
    stats.refused++;
    countError(stats, "pool_full");
    log.warn("Connection {id} from {remote} refused: {code}: {error}", {
      id: client.id,
      remote: client.remote,
      code: "pool_full",
      error: `no process of ${pool!.size} was free within ${formatDuration(pool!.waitMs)}`,
    });
    this.#options.processes.want(this.#waiting.size);
    const { bytes = "", greets } = this.#refusals[client.binding] ?? {};
    const { lingerTimeoutMs } = limits;
    if (greets || bytes === "" || await client.saysSomething(lingerTimeoutMs)) {
      await refuse(client.transport, Uint8Array.fromBase64(bytes), lingerTimeoutMs);
    } else closeQuietly(client.transport);
    this.#gone(client);
  }

  /** A client goes away while it waits. */
  #leave(client: PooledConnection): void {
    if (!this.#waiting.has(client)) return;
    this.#forget(client);
    this.#options.processes.want(this.#waiting.size);
    closeQuietly(client.transport);
    this.#gone(client);
  }

  /** Takes a client out of the queue. */
  #forget(client: PooledConnection): void {
    clearTimeout(this.#waiting.get(client));
    this.#waiting.delete(client);
  }

  #gone(client: PooledConnection): void {
    this.#clients.delete(client);
    this.#options.release(client.transport);
    if (this.#clients.size === 0) { for (const waiter of this.#allGone.splice(0)) waiter(); }
  }

  async #emptyWithin(timeoutMs: number): Promise<void> {
    if (this.#clients.size === 0 || timeoutMs <= 0) return;
    await settleWithin(new Promise<void>((resolve) => this.#allGone.push(resolve)), timeoutMs);
  }
}
