/**
 * One service of a server over all its generations: the current one, the candidate to replace it, and those that drain.
 *
 * @module
 */

import type { Config, ServiceConfig } from "../config/config.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import type { DigestFile } from "./file_digest.ts";
import { Generation, type GenerationEnvironment } from "./generation.ts";
import { serviceLog } from "../log/log.ts";
import { plural } from "../base/plural.ts";
import { settleWithin } from "../base/settle.ts";
import { createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";
import { formatDuration } from "../base/units.ts";
import type { ServiceState, ServiceStatus } from "./server_status.ts";

/** At most this many generations of a service drain at once; with one more, the oldest is stopped. */
export const MAX_DRAINING = 4;
/** How long a restart waits for a draining generation to end before the oldest is stopped. */
const DRAIN_SLOT_WAIT_MS = 1_000;

/** A service of a server. */
export class Deployment {
  readonly name: string;
  readonly #environment: GenerationEnvironment;
  #latest: number;
  #current: Generation | undefined;
  #candidate: Generation | undefined;
  /** Oldest first. */
  #draining: Generation[] = [];
  readonly #drains: Set<Promise<void>> = new Set();
  #lastError: ErrorRecord | undefined;
  /** The files of the code of the latest candidate, if it was rolled back. */
  #unloadable: string[] = [];
  /** The counters of generations that have ended. */
  #past: { stats: ServiceStats; crashes: number; restarts: number } = {
    stats: createStats(),
    crashes: 0,
    restarts: 0,
  };

  /** @param options.latest The number of the last generation that a service of this name has had. */
  constructor(name: string, environment: GenerationEnvironment, options: { latest?: number } = {}) {
    this.name = name;
    this.#environment = environment;
    this.#latest = options.latest ?? 0;
  }

  /** The number of the last generation. */
  get latest(): number {
    return this.#latest;
  }

  /** The serving generation. */
  get current(): Generation | undefined {
    return this.#current;
  }

  /** Whether a serving instance blocks its event loop and cannot be terminated. */
  get wedged(): boolean {
    return this.#current?.slots.some(({ state }) => state === "wedged") ?? false;
  }

  /** Every generation that has something running, oldest first. */
  get generations(): Generation[] {
    return [...this.#draining, this.#current, this.#candidate].filter((generation) =>
      generation !== undefined
    );
  }

  /**
   * Whether a reload would change nothing of it: it serves, with this configuration and with the code that its files
   * contain.
   */
  async isUpToDate(service: ServiceConfig, config: Config, digest: DigestFile): Promise<boolean> {
    return this.#state() === "running" && await this.#current!.isUpToDate(service, config, digest);
  }

  /** Whether an instance of it serves. */
  get serves(): boolean {
    return this.#current?.slots.some(({ state }) => state === "ready") ?? false;
  }

  /** The paths of the files of its code: of the serving one, and of one that did not load. */
  get codeFiles(): string[] {
    return [...new Set([...this.#current?.codeFiles ?? [], ...this.#unloadable])];
  }

  /** Makes the candidate to replace the current generation; it does nothing yet. */
  prepare(service: ServiceConfig, config: Config): Generation {
    this.#candidate = new Generation(service, config, ++this.#latest, this.#environment);
    return this.#candidate;
  }

  /** Makes the candidate the current generation; the previous one drains. Settles once only the new one gets connections. */
  async commit(): Promise<void> {
    const generation = this.#candidate;
    if (!generation) return;
    const old = this.#current;
    this.#candidate = undefined;
    this.#current = generation;
    this.#lastError = undefined;
    this.#unloadable = [];
    this.#log("info", "Generation {generation} serving {addresses}", {
      generation: generation.number,
      addresses: generation.bound.map(formatEndpoint).join(", "),
    });
    if (old) await this.#startDrain(old);
  }

  /** Stops the candidate. `error` says why it must not serve. */
  async rollBack(error?: ErrorRecord): Promise<void> {
    const generation = this.#candidate;
    if (!generation) return;
    if (error) {
      this.#lastError = error;
      this.#unloadable = generation.codeFiles;
    }
    await generation.stop();
    if (this.#candidate !== generation) return;
    this.#candidate = undefined;
    this.#remember(generation);
  }

  /** Drains the current generation. Settles once it gets no more connections; see {@linkcode Deployment.ended}. */
  async drain(): Promise<void> {
    const generation = this.#current;
    this.#current = undefined;
    if (generation) await this.#startDrain(generation);
  }

  /** Settles once every generation that drains now has ended. */
  get ended(): Promise<unknown> {
    return Promise.all(this.#drains);
  }

  /** Stops every generation, connections cut. Settles once nothing runs. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.all(this.generations.map((generation) => generation.stop(timeoutMs)));
    await this.drain();
    await this.ended;
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

  /** Drains a generation in the background. Settles once it no longer listens. */
  async #startDrain(generation: Generation): Promise<void> {
    this.#draining.push(generation);
    if (this.#draining.length > MAX_DRAINING) await this.#oneDrained();
    if (this.#draining.length > MAX_DRAINING) {
      const [oldest] = this.#draining;
      this.#log("warning", "Generation {generation} stopped: more than {most} generations draining", {
        generation: oldest.number,
        most: MAX_DRAINING,
      });
      oldest.stop();
    }
    const unlistened = generation.unlisten();
    const drain = this.#drain(generation, unlistened);
    this.#drains.add(drain);
    drain.finally(() => this.#drains.delete(drain));
    await unlistened;
  }

  /** Waits a moment for one of the draining generations to end. */
  async #oneDrained(): Promise<void> {
    await settleWithin(Promise.race(this.#drains), DRAIN_SLOT_WAIT_MS);
  }

  async #drain(generation: Generation, unlistened: Promise<void>): Promise<void> {
    await unlistened;
    const { number, service: { limits: { drainTimeoutMs } } } = generation;
    if (!generation.draining) {
      const time = formatDuration(drainTimeoutMs);
      this.#log("info", "Generation {generation} draining for up to {time}", { generation: number, time });
    }
    const result = await generation.drain(drainTimeoutMs);
    this.#draining = this.#draining.filter((other) => other !== generation);
    this.#remember(generation);
    const finished = `{finished} ${plural(result.finished, "connection")} finished`;
    this.#log("info", `Generation {generation} ended: ${finished}, {cut} cut`, {
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
