/**
 * One generation of a service: the instances that run the same code and configuration, started and stopped together.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { Backoff } from "./backoff.ts";
import type { DrainResult } from "./drain_tally.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import { type Endpoint, formatEndpoint } from "../contract/endpoint.ts";
import { checkActions } from "../hooks/action_check.ts";
import type { ActionRequest } from "../hooks/action_request.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import { serviceLog } from "../log/log.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import type { DigestFile } from "./file_digest.ts";
import type { RuleActions } from "./rule_actions.ts";
import { Limiter } from "./limiter.ts";
import { Slot } from "./slot.ts";
import { mergeStats, type ServiceStats } from "../contract/stats.ts";
import { formatDuration } from "../base/units.ts";
import type { WorkerEnvironment } from "./worker_link.ts";
import { endpointKey, usefulInstances, workerSpecs } from "./worker_specs.ts";
import { isSharable } from "../contract/endpoint.ts";

/** What generations work with. */
export interface GenerationEnvironment extends Omit<WorkerEnvironment, "runAction"> {
  /** Runs the webhooks and programs of rules. */
  actions: RuleActions;
  /** Whether several listeners can share a port here. */
  portSharing: boolean;
  /** The isolation of services that configure none. */
  isolation: Isolation;
}

/** How a generation takes its addresses. */
export interface TakeOver {
  /** The generation it replaces: it takes over that one's ports where both ask for port 0. */
  from?: Generation;
  /** Keys of the endpoints held by the generations that are being replaced. */
  held: ReadonlySet<string>;
}

/** The instances of one generation. */
export class Generation {
  readonly service: ServiceConfig;
  readonly number: number;
  readonly #applied: unknown;
  readonly #environment: GenerationEnvironment;
  readonly #backoff: Backoff;
  #slots: Slot[];
  #since: number | undefined;
  #draining = false;

  constructor(service: ServiceConfig, config: Config, number: number, environment: GenerationEnvironment) {
    this.service = service;
    this.#applied = appliedTo(service, config);
    this.number = number;
    this.#environment = environment;
    this.#backoff = new Backoff(environment.timing);
    const log = serviceLog(service.name);
    const instances = environment.portSharing ? usefulInstances(service) : 1;
    if (instances < service.instances) {
      const why = environment.portSharing ? "its addresses cannot be shared" : "ports cannot be shared here";
      log.warning("Running 1 instance instead of {instances}: {why}", { instances: service.instances, why });
    }
    if (service.limits.memoryBytes > 0 && this.isolation === "worker") {
      log.warning("limits.memory has no effect with isolation: worker; use isolation: process");
    }
    const runAction = (request: ActionRequest) => environment.actions.run(service, request);
    this.#slots = workerSpecs(service, config, { generation: number, instances, isolation: this.isolation })
      .map((spec) => new Slot(spec, { ...environment, runAction, backoff: this.#backoff, log }));
  }

  /** The paths of the files that its code is made of, or was to be, if it did not load. */
  get codeFiles(): string[] {
    return [...new Set(this.#slots.flatMap((slot) => slot.codeFiles))];
  }

  /** Whether a generation made now would surely be the same: its configuration, and what its files contain. */
  async isUpToDate(service: ServiceConfig, config: Config, digest: DigestFile): Promise<boolean> {
    if (!isDeepStrictEqual(appliedTo(service, config), this.#applied)) return false;
    return await this.isUnchanged(digest);
  }

  /** Whether every instance runs what the files of its code and its certificates contain now, as far as that can be known. */
  async isUnchanged(digest: DigestFile): Promise<boolean> {
    const unchanged = await Promise.all(this.#slots.map((slot) => slot.isUnchanged(digest)));
    return unchanged.every((one) => one);
  }

  /** What its instances run in. */
  get isolation(): Isolation {
    return this.service.isolation ?? this.#environment.isolation;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** When it began to serve, in milliseconds since the epoch. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Whether it crashed so often that it is restarted at long intervals only. */
  get failed(): boolean {
    return this.#backoff.failed;
  }

  /** Whether it drains or stops. */
  get draining(): boolean {
    return this.#draining;
  }

  /** The endpoints it is to listen at; known once loaded. */
  get requested(): Endpoint[] {
    return this.#slots[0].requested;
  }

  /** The endpoints it is bound to, with real ports; known once it listens. */
  get bound(): Endpoint[] {
    return this.#slots[0].bound;
  }

  get protocols(): string[] {
    return this.#slots[0].protocols;
  }

  /** Which hooks run for which command; known once loaded. */
  get hooks(): HookDescription[] {
    return this.#slots[0].hooks;
  }

  get stats(): ServiceStats {
    return mergeStats(this.#slots.map((slot) => slot.stats));
  }

  /** Settles once nothing of it runs. */
  get ended(): Promise<unknown> {
    return Promise.all(this.#slots.map((slot) => slot.ended));
  }

  /**
   * Loads every instance.
   *
   * @param limiter Bounds how many instances load at a time, those of other services among them.
   * @throws {HookDefinitionError} If a webhook or a program of its rules cannot run.
   * @throws {InstanceError} The first failure of an instance.
   */
  async load(limiter: Limiter = new Limiter(Infinity)): Promise<void> {
    await checkActions(this.service.hooks);
    let slow: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.#all((slot) =>
        limiter.run(() => {
          slow ??= setTimeout(() => this.#logSlowLoad(), this.#environment.timing.slowLoadMs);
          return slot.load();
        })
      );
    } finally {
      clearTimeout(slow);
    }
    // A module's own addresses are known only after loading.
    const idle = this.#slots.filter((slot) => slot.spec.instance > 0 && slot.requested.length === 0);
    if (idle.length === 0) return;
    serviceLog(this.service.name).warning("Running 1 instance: its addresses cannot be shared");
    this.#slots = this.#slots.filter((slot) => !idle.includes(slot));
    await Promise.all(idle.map((slot) => slot.stop()));
  }

  #logSlowLoad(): void {
    const { loadTimeoutMs, slowLoadMs } = this.#environment.timing;
    serviceLog(this.service.name).warning(
      "Still loading after {after} (limit {limit}): a module may wait or loop while it loads",
      { after: formatDuration(slowLoadMs), limit: formatDuration(loadTimeoutMs) },
    );
  }

  /** Binds every instance. @throws {InstanceError} The first failure. */
  async listen({ from, held }: TakeOver): Promise<void> {
    const [first, ...others] = this.#slots;
    const endpoints = this.requested.map((endpoint) => from ? samePort(endpoint, from) : endpoint);
    const reusePort = this.#environment.portSharing;
    const exclusive = !endpoints.some((endpoint) => held.has(endpointKey(endpoint)));
    await first.listen({ endpoints, reusePort, exclusive });
    const shared = this.bound.filter(isSharable);
    await Promise.all(others.map((slot) => slot.listen({ endpoints: shared, reusePort, exclusive: false })));
    this.#since = Date.now();
  }

  /** Closes the listeners; open connections stay. */
  async unlisten(): Promise<void> {
    await Promise.allSettled(this.#slots.map((slot) => slot.unlisten()));
  }

  /** Listens at the same endpoints again. @throws {InstanceError} If an instance cannot; it then retries by itself. */
  async relisten(): Promise<void> {
    const reusePort = this.#environment.portSharing;
    await this.#all((slot) => slot.listen({ endpoints: slot.bound, reusePort, exclusive: false }));
  }

  /** Lets connections finish, then stops; never rejects. */
  async drain(timeoutMs: number): Promise<DrainResult> {
    this.#draining = true;
    const results = await Promise.all(this.#slots.map((slot) => slot.drain(timeoutMs)));
    return results.reduce((sum, { finished, cut }) => ({
      finished: sum.finished + finished,
      cut: sum.cut + cut,
    }));
  }

  /** Cuts connections and stops; never rejects. */
  async stop(timeoutMs?: number): Promise<void> {
    this.#draining = true;
    await Promise.all(this.#slots.map((slot) => slot.stop(timeoutMs)));
  }

  /** Acts on every instance; waits for all before it throws the first failure. */
  async #all(act: (slot: Slot) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(this.#slots.map(act));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}

/** What of a configuration a service's instances go by. */
function appliedTo({ reload: _, ...service }: ServiceConfig, { protocols, base, log }: Config): unknown {
  return { service, protocols, base, logLevel: log.level, logFlood: log.flood };
}

/** Replaces port 0 by the port that the previous generation got for it. */
function samePort(endpoint: Endpoint, from: Generation): Endpoint {
  const address = formatEndpoint(endpoint);
  const index = from.requested.findIndex((other) => formatEndpoint(other) === address);
  return from.bound[index] ?? endpoint;
}
