/**
 * One service of a server over all its generations: the one that serves, the one that is about to, and those that drain.
 *
 * @module
 */

import type { Config, ServiceConfig } from "../config/config.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import { Generation, type GenerationEnvironment } from "./generation.ts";
import { serviceLog } from "../log/log.ts";
import { settleWithin } from "../base/settle.ts";
import { createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";
import { describeDuration, type ServiceState, type ServiceStatus } from "./server_status.ts";

/** So many generations of a service may drain at once. One more, and the oldest is cut. */
export const MAX_DRAINING = 4;
/** Restarts that come faster than connections finish wait so long for one of them to end before the oldest is cut. */
const PATIENCE_MS = 1_000;

/** A service of a server. */
export class Deployment {
  readonly name: string;
  readonly #environment: GenerationEnvironment;
  #latest = 0;
  #current: Generation | undefined;
  #candidate: Generation | undefined;
  /** Oldest first. */
  #draining: Generation[] = [];
  readonly #ends: Set<Promise<void>> = new Set();
  #lastError: ErrorRecord | undefined;
  /** What the generations that have ended have counted. */
  #past: { stats: ServiceStats; crashes: number; restarts: number } = {
    stats: createStats(),
    crashes: 0,
    restarts: 0,
  };

  constructor(name: string, environment: GenerationEnvironment) {
    this.name = name;
    this.#environment = environment;
  }

  /** The generation that serves. */
  get current(): Generation | undefined {
    return this.#current;
  }

  /** Whether an instance that is to serve is busy for good and cannot be ended. */
  get wedged(): boolean {
    return this.#current?.slots.some(({ state }) => state === "wedged") ?? false;
  }

  /** Every generation of which something runs, oldest first. */
  get generations(): Generation[] {
    return [...this.#draining, this.#current, this.#candidate].filter((generation) =>
      generation !== undefined
    );
  }

  /** Makes the next generation; it does nothing yet. */
  prepare(service: ServiceConfig, config: Config): Generation {
    this.#candidate = new Generation(service, config, ++this.#latest, this.#environment);
    return this.#candidate;
  }

  /**
   * Puts the prepared generation in the place of the one that served, which drains from now on. Settles once only the
   * new one gets connections.
   */
  async commit(): Promise<void> {
    const generation = this.#candidate;
    if (!generation) return;
    const old = this.#current;
    this.#candidate = undefined;
    this.#current = generation;
    this.#lastError = undefined;
    this.#log("info", "Generation {generation} serves {addresses}", {
      generation: generation.number,
      addresses: generation.bound.map(formatEndpoint).join(", "),
    });
    if (old) await this.#retire(old);
  }

  /** Ends the prepared generation. `error` says why it is not to serve. */
  async discard(error?: ErrorRecord): Promise<void> {
    const generation = this.#candidate;
    if (!generation) return;
    if (error) this.#lastError = error;
    await generation.stop();
    if (this.#candidate !== generation) return;
    this.#candidate = undefined;
    this.#remember(generation);
  }

  /** Drains whatever serves. Settles once it gets no more connections. */
  async release(): Promise<void> {
    const generation = this.#current;
    this.#current = undefined;
    if (generation) await this.#retire(generation);
  }

  /** Drains whatever serves. Settles once nothing runs that serves or has served. */
  async withdraw(): Promise<void> {
    await this.release();
    await Promise.all(this.#ends);
  }

  /** Cuts everything. Settles once nothing runs. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.all(this.generations.map((generation) => generation.stop(timeoutMs)));
    await this.withdraw();
  }

  status(): ServiceStatus {
    const generations = this.generations;
    const slots = generations.flatMap(({ slots }) => slots);
    const instances = slots.map((slot) => slot.status());
    const shown = this.#current ?? generations.at(-1);
    const latestError = instances.findLast(({ lastError }) => lastError !== undefined)?.lastError;
    const lastError = latestError ?? this.#lastError;
    return {
      name: this.name,
      state: this.#state(),
      ...(shown ? { isolation: shown.isolation } : {}),
      generation: shown?.number ?? this.#latest,
      addresses: (shown?.bound ?? []).map(formatEndpoint),
      protocols: shown?.protocols ?? [],
      ...(shown?.since === undefined ? {} : { since: shown.since }),
      crashes: instances.reduce((sum, { crashes }) => sum + crashes, this.#past.crashes),
      restarts: instances.reduce((sum, { restarts }) => sum + restarts, this.#past.restarts),
      ...(lastError ? { lastError } : {}),
      instances,
      stats: mergeStats([
        this.#past.stats,
        this.#environment.actions.statsOf(this.name),
        ...generations.map(({ stats }) => stats),
      ]),
    };
  }

  #state(): ServiceState {
    const current = this.#current;
    if (!current) return this.#candidate ? "starting" : this.#draining.length > 0 ? "draining" : "stopped";
    const ready = current.slots.filter(({ state }) => state === "ready").length;
    if (ready === current.slots.length) return "running";
    if (this.wedged) return "wedged";
    if (ready > 0) return "degraded";
    return current.failed ? "failed" : "restarting";
  }

  /** Has a generation drain, in the background. Settles once it does not listen any more. */
  async #retire(generation: Generation): Promise<void> {
    this.#draining.push(generation);
    if (this.#draining.length > MAX_DRAINING) await this.#oneEnds();
    if (this.#draining.length > MAX_DRAINING) {
      const [oldest] = this.#draining;
      this.#log("warning", "Generation {generation} is cut: more than {most} generations drain", {
        generation: oldest.number,
        most: MAX_DRAINING,
      });
      oldest.stop();
    }
    const unlistened = generation.unlisten();
    const end = this.#drain(generation, unlistened);
    this.#ends.add(end);
    end.finally(() => this.#ends.delete(end));
    await unlistened;
  }

  /** Waits a moment for one of the draining generations to end. */
  async #oneEnds(): Promise<void> {
    await settleWithin(Promise.race(this.#ends), PATIENCE_MS);
  }

  async #drain(generation: Generation, unlistened: Promise<void>): Promise<void> {
    await unlistened;
    const { number, service: { limits: { drainTimeoutMs } } } = generation;
    if (!generation.draining) {
      const time = describeDuration(drainTimeoutMs);
      this.#log("info", "Generation {generation} drains for up to {time}", { generation: number, time });
    }
    const result = await generation.drain(drainTimeoutMs);
    this.#draining = this.#draining.filter((other) => other !== generation);
    this.#remember(generation);
    this.#log("info", "Generation {generation} has ended: {finished} connections finished, {cut} were cut", {
      generation: number,
      ...result,
    });
  }

  #remember(generation: Generation): void {
    const slots = generation.slots.map((slot) => slot.status());
    this.#past = {
      stats: mergeStats([this.#past.stats, generation.stats]),
      crashes: slots.reduce((sum, { crashes }) => sum + crashes, this.#past.crashes),
      restarts: slots.reduce((sum, { restarts }) => sum + restarts, this.#past.restarts),
    };
  }

  #log(level: "info" | "warning", text: string, properties: Record<string, unknown>): void {
    serviceLog(this.name)[level](text, properties);
  }
}
