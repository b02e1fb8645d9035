/**
 * All services of a server: the configured ones, and those that a reload removed, while they drain.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import { Deployment } from "./deployment.ts";
import type { Generation, GenerationEnvironment } from "./generation.ts";
import type { DigestFile } from "./file_digest.ts";
import type { RunningServices } from "./reload_plan.ts";
import { type Change, rollBack, rollOut, type RolloutOptions } from "./rollout.ts";
import { ServiceLogGate } from "./service_log_gate.ts";
import { ServiceLimits } from "./service_limits.ts";
import type { ServiceStatus } from "./server_status.ts";
import { problemOf, type ServiceProblem } from "./supervisor_error.ts";

/** The services of one server. */
export class Fleet {
  readonly #environment: GenerationEnvironment;
  readonly #configured: Map<string, Deployment> = new Map();
  readonly #removed: Set<Deployment> = new Set();
  /** The last generation of each service that was removed: one that comes back goes on from there. */
  readonly #latest: Map<string, number> = new Map();

  /** By service: what they count outlives instances, generations and removals. */
  readonly #limits: Map<string, ServiceLimits> = new Map();
  readonly #logs: Map<string, ServiceLogGate> = new Map();

  constructor(environment: GenerationEnvironment) {
    this.#environment = {
      ...environment,
      limitsOf: (service) => madeOnce(this.#limits, service, () => new ServiceLimits()),
      logOf: (service) => madeOnce(this.#logs, service, () => new ServiceLogGate(service, undefined)),
    };
  }

  /** The names of the configured services. */
  get names(): string[] {
    return [...this.#configured.keys()];
  }

  /** A configured service. */
  get(name: string): Deployment | undefined {
    return this.#configured.get(name);
  }

  /**
   * Replaces the services of these names by what the configuration says of them, all or none. Returns what prevents it.
   *
   * @param options.signal Aborted when the server stops.
   * @param options.progress Called as services load, with how many have and how many there are.
   */
  async replace(
    names: readonly string[],
    config: Config,
    options: Pick<RolloutOptions, "signal" | "progress">,
  ): Promise<ServiceProblem[]> {
    const unprepared: ServiceProblem[] = [];
    const changes = names.map((name): Change => {
      const deployment = this.#configured.get(name) ??
        new Deployment(name, this.#environment, { latest: this.#latest.get(name) });
      this.#configured.set(name, deployment);
      const service = Object.hasOwn(config.services, name) ? config.services[name] : undefined;
      try {
        if (service) return { deployment, next: deployment.prepare(service, config) };
      } catch (error) {
        unprepared.push(problemOf(name, error));
      }
      return { deployment };
    });
    const { portSharing } = this.#environment;
    const replaced = new Set(names);
    const kept = [...this.#configured.values()].filter(({ name }) => !replaced.has(name));
    const problems = unprepared.length > 0
      ? await rollBack(changes, unprepared)
      : await rollOut(changes, { portSharing, kept, ...options });
    for (const { deployment } of changes) {
      if (!deployment.current) this.#remove(deployment);
    }
    return problems;
  }

  /** Compares the configured services to a configuration and to the files of their code. */
  async compare(config: Config, digest: DigestFile): Promise<Pick<RunningServices, "upToDate" | "serving">> {
    const upToDate = new Set<string>();
    const serving = new Set<string>();
    for (const [name, deployment] of this.#configured) {
      if (deployment.serves) serving.add(name);
      if (!Object.hasOwn(config.services, name)) continue;
      if (await deployment.isUpToDate(config.services[name], config, digest)) upToDate.add(name);
    }
    return { upToDate, serving };
  }

  /** The status of each service, removed ones first. */
  status(): ServiceStatus[] {
    return this.#all().map((deployment) => deployment.status());
  }

  /** Brings the workers' counters up to date. */
  async refresh(): Promise<void> {
    await Promise.all(this.#generations().flatMap(({ slots }) => slots.map((slot) => slot.refresh())));
  }

  /** Every open connection of every instance. */
  async connections(): Promise<ConnectionInfo[]> {
    const all = await Promise.all(
      this.#generations().map(async ({ draining, slots }) => {
        const connections = (await Promise.all(slots.map((slot) => slot.connections()))).flat();
        return draining ? connections.map((one) => ({ ...one, draining: true as const })) : connections;
      }),
    );
    return all.flat();
  }

  /** Stops what an unfinished start, restart or reload has begun. */
  rollBack(): void {
    for (const deployment of this.#all()) deployment.rollBack();
  }

  /** Stops every service, connections cut. */
  stop(timeoutMs: number): void {
    for (const deployment of this.#all()) deployment.stop(timeoutMs);
  }

  /** Drains every service; settles once nothing runs. */
  async drain(): Promise<void> {
    await Promise.all(this.#all().map((deployment) => drained(deployment)));
  }

  /** Nothing runs any more: writes what is still to be told of dropped lines. */
  close(): void {
    for (const log of this.#logs.values()) log.close();
  }

  /** Keeps a removed service in the status until it has ended. */
  #remove(deployment: Deployment): void {
    this.#configured.delete(deployment.name);
    this.#removed.add(deployment);
    this.#latest.set(deployment.name, deployment.latest);
    drained(deployment).then(() => this.#removed.delete(deployment));
  }

  #all(): Deployment[] {
    return [...this.#removed, ...this.#configured.values()];
  }

  #generations(): Generation[] {
    return this.#all().flatMap(({ generations }) => generations);
  }
}

async function drained(deployment: Deployment): Promise<void> {
  await deployment.drain();
  await deployment.ended;
}

function madeOnce<T>(made: Map<string, T>, name: string, make: () => T): T {
  const known = made.get(name);
  if (known !== undefined) return known;
  const one = make();
  made.set(name, one);
  return one;
}
