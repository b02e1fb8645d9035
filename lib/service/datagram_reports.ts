/**
 * Counts and logs what a service over UDP could not take: there may be one for each datagram, so that most is told once a
 * second.
 *
 * @module
 */

import { type Endpoint, formatAddr, formatEndpoint } from "../contract/endpoint.ts";
import type { ServiceContext } from "../contract/handler.ts";
import type { Limits } from "../contract/limits.ts";
import { countError, type ServiceStats } from "../contract/stats.ts";
import { readUdpDrops } from "../transport/udp_drops.ts";

/** How often the system is asked whether it has dropped datagrams. */
const DROPS_PERIOD_MS = 10_000;
/** How long evictions are counted before they are logged together. */
const EVICTIONS_PERIOD_MS = 1000;

/** What it counts and logs with. */
export interface DatagramReportsOptions {
  limits: Limits;
  stats: ServiceStats;
  log: ServiceContext["log"];
}

/** The reports of one service instance. */
export class DatagramReports {
  readonly #options: DatagramReportsOptions;
  readonly #watches: ReturnType<typeof setInterval>[] = [];
  #evictions: { closed: number; refused: number } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: DatagramReportsOptions) {
    this.#options = options;
  }

  /** The queue of a connection, or of connections to be accepted, is full. */
  dropped(from: Deno.Addr): void {
    const { stats, log } = this.#options;
    countError(stats, "datagram_dropped");
    log.warn("Dropped a datagram from {remote}: the queue of its connection is full", {
      remote: formatAddr(from),
    });
  }

  /** At `maxConnections` an idle connection was closed for a new one, or the new one refused as there was none. */
  evicted(endpoint: Endpoint, what: "closed" | "refused"): void {
    const { limits, stats, log } = this.#options;
    if (what === "closed") countError(stats, "connection_evicted");
    else {
      stats.refused++;
      countError(stats, "too_many_connections");
    }
    const evictions = this.#evictions ??= { closed: 0, refused: 0 };
    evictions[what]++;
    this.#timer ??= setTimeout(() => {
      this.#timer = this.#evictions = undefined;
      log.warn(
        "{closed} idle connections closed and {refused} new ones refused at {address}: maxConnections is {most}",
        {
          ...evictions,
          address: formatEndpoint(endpoint),
          most: limits.maxConnections,
        },
      );
    }, EVICTIONS_PERIOD_MS);
  }

  /** Counts what the system drops of the datagrams for an endpoint, as far as it tells. */
  watch(endpoint: Endpoint): void {
    if (!("port" in endpoint)) return;
    const { stats, log } = this.#options;
    const read = async () => (await readUdpDrops())?.get(endpoint.port);
    let before = read();
    this.#watches.push(setInterval(async () => {
      const known = before;
      before = read();
      const [was = 0, is = 0] = [await known, await before];
      // Less than before if a socket that had dropped some is closed.
      if (is <= was) return;
      countError(stats, "datagram_lost", is - was);
      log.warn("{count} datagrams lost at {address}: the receive buffer of the system was full", {
        count: is - was,
        address: formatEndpoint(endpoint),
      });
    }, DROPS_PERIOD_MS));
  }

  /** Watches no more. */
  close(): void {
    for (const watch of this.#watches.splice(0)) clearInterval(watch);
    clearTimeout(this.#timer);
  }
}
