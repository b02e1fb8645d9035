/**
 * All services of a server: those that are wanted, and those that a reload has removed, while they drain.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import { Deployment } from "./deployment.ts";
import type { Generation, GenerationEnvironment } from "./generation.ts";
import { type Change, rollOut } from "./rollout.ts";
import type { ServiceStatus } from "./server_status.ts";
import type { ServiceProblem } from "./supervisor_error.ts";

/** The services of one server. */
export class Fleet {
  readonly #environment: GenerationEnvironment;
  readonly #wanted: Map<string, Deployment> = new Map();
  readonly #withdrawn: Set<Deployment> = new Set();

  constructor(environment: GenerationEnvironment) {
    this.#environment = environment;
  }

  /** The names of the services that are wanted. */
  get names(): string[] {
    return [...this.#wanted.keys()];
  }

  /** A service that is wanted. */
  get(name: string): Deployment | undefined {
    return this.#wanted.get(name);
  }

  /**
   * Replaces the services of these names by what the configuration says of them, all or none. Answers what keeps them
   * from being replaced.
   *
   * @param signal Aborted when the server is to stop.
   */
  async replace(names: readonly string[], config: Config, signal: AbortSignal): Promise<ServiceProblem[]> {
    const changes = names.map((name): Change => {
      const deployment = this.#wanted.get(name) ?? new Deployment(name, this.#environment);
      this.#wanted.set(name, deployment);
      const service = Object.hasOwn(config.services, name) ? config.services[name] : undefined;
      return service ? { deployment, next: deployment.prepare(service, config) } : { deployment };
    });
    const { portSharing } = this.#environment;
    const problems = await rollOut(changes, { portSharing, signal });
    for (const { deployment } of changes) {
      if (!deployment.current) this.#forget(deployment);
    }
    return problems;
  }

  /** How each does, those that are not wanted any more first. */
  status(): ServiceStatus[] {
    return this.#all().map((deployment) => deployment.status());
  }

  /** Has the workers bring their counters up to date. */
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

  /** Breaks off what a start, a restart or a reload has begun. */
  discard(): void {
    for (const deployment of this.#all()) deployment.discard();
  }

  /** Cuts every connection. */
  cut(timeoutMs: number): void {
    for (const deployment of this.#all()) deployment.stop(timeoutMs);
  }

  /** Has everything drain; settles once nothing is left. */
  async withdraw(): Promise<void> {
    await Promise.all(this.#all().map((deployment) => deployment.withdraw()));
  }

  /** Keeps a service that is not wanted in view until it has ended. */
  #forget(deployment: Deployment): void {
    this.#wanted.delete(deployment.name);
    this.#withdrawn.add(deployment);
    deployment.withdraw().then(() => this.#withdrawn.delete(deployment));
  }

  #all(): Deployment[] {
    return [...this.#withdrawn, ...this.#wanted.values()];
  }

  #generations(): Generation[] {
    return this.#all().flatMap(({ generations }) => generations);
  }
}
