/**
 * A client's connection in a pool: accepted here, served by a process.
 *
 * @module
 */

import type { TransportName } from "../contract/connection.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { settleWithin } from "../base/settle.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import { closeQuietly, type Transport } from "../transport/transport.ts";
import type { PoolProcess } from "./pool_process.ts";
import { beginRead, type FirstRead, pump, type PumpEnd } from "./pump.ts";
import type { HandedPeer } from "../spec/pool_spec.ts";

/** How and at which address a client connected. */
export interface Arrival {
  transport: Transport;
  kind: TransportName;
  binding: number;
}

/** One client, from its arrival to its end. */
export class PooledConnection {
  readonly id: string;
  readonly number: number;
  readonly #arrival: Arrival;
  readonly #since: number = performance.now();
  #activeAt: number = this.#since;
  #bytesRead = 0;
  #bytesWritten = 0;
  #first: FirstRead | undefined;
  #process: PoolProcess | undefined;

  constructor(number: number, prefix: string, arrival: Arrival) {
    this.number = number;
    this.id = `${prefix}${number}`;
    this.#arrival = arrival;
  }

  get transport(): Transport {
    return this.#arrival.transport;
  }

  get binding(): number {
    return this.#arrival.binding;
  }

  get remote(): string {
    return formatAddr(this.transport.remoteAddr);
  }

  /** The process that serves it; undefined while it waits. */
  get process(): PoolProcess | undefined {
    return this.#process;
  }

  /** Reads ahead, so that its end is noticed while it waits. */
  wait(gone: () => void): void {
    this.#first = beginRead(this.transport);
    this.#first.count.catch(() => {
      if (this.#process === undefined) gone();
    });
  }

  /** Whether something has come from it, or comes within a time. */
  async saysSomething(withinMs: number): Promise<boolean> {
    const count = this.#first && await settleWithin(this.#first.count.catch(() => null), withinMs);
    return typeof count === "number";
  }

  /** Has a process serve it. Settles once the connection has ended and the client has got everything sent. */
  async serve(process: PoolProcess, { flushMs }: { flushMs: number }): Promise<void> {
    this.#process = process;
    process.serve(this.#peer());
    const inner = await this.#reach(process);
    if (inner !== undefined) {
      const down = this.#relay(process, inner);
      await process.over;
      await settleWithin(down, flushMs);
      closeQuietly(inner);
    }
    closeQuietly(this.transport);
    await process.over;
  }

  /** What is known of it here. */
  info(service: string): ConnectionInfo {
    const now = performance.now();
    const { kind, transport } = this.#arrival;
    return {
      id: this.id,
      service,
      transport: kind,
      remote: this.remote,
      local: formatAddr(transport.localAddr),
      state: this.#process === undefined ? "waiting" : "open",
      ageMs: Math.round(now - this.#since),
      idleMs: Math.round(now - this.#activeAt),
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      queuedBytes: 0,
    };
  }

  #peer(): HandedPeer {
    const { kind, binding, transport: { remoteAddr: remote, localAddr: local } } = this.#arrival;
    return { number: this.number, binding, kind, remote, local };
  }

  /** Connects to the process; undefined if that has just been lost. */
  async #reach(process: PoolProcess): Promise<Transport | undefined> {
    try {
      return await Deno.connect({ transport: "unix", path: process.handoffSocket });
    } catch {
      process.stop();
      return undefined;
    }
  }

  /** Relays both ways. Settles once everything from the process is relayed. */
  #relay(process: PoolProcess, inner: Transport): Promise<PumpEnd> {
    const up = pump(this.transport, inner, {
      ...(this.#first === undefined ? {} : { first: this.#first }),
      moved: (count) => {
        this.#bytesRead += count;
        this.#activeAt = performance.now();
      },
    });
    const down = pump(inner, this.transport, {
      moved: (count) => {
        this.#bytesWritten += count;
        this.#activeAt = performance.now();
      },
    });
    up.then((end) => end === "source_failed" && process.reset());
    down.then((end) => end === "sink_failed" && process.reset());
    return down;
  }
}
