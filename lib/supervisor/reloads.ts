/**
 * The current configuration, and how another takes its place: all of it, or that of one service.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { digestOnce } from "./file_digest.ts";
import type { Fleet } from "./fleet.ts";
import {
  logHeld,
  logProblems,
  logProgress,
  logReloaded,
  logUnreadable,
  type Progress,
} from "./operation_log.ts";
import { planReload } from "./reload_plan.ts";
import { ReloadError, type ServiceProblem, UnknownServiceError } from "./supervisor_error.ts";

/** How much a reload replaces. */
export interface ReloadOptions {
  /**
   * Whether services are replaced whose configuration and code are unchanged.
   *
   * @default {false}
   */
  all?: boolean;
}

/** What a reload works with. */
export interface ReloadsOptions {
  fleet: Fleet;
  /** Acts once nothing else is done, unless the server stops. */
  alone<T>(act: () => Promise<T>): Promise<T>;
  /** Replaces the services of these names by what a configuration says of them, all or none. */
  replace(names: readonly string[], config: Config, progress?: Progress): Promise<ServiceProblem[]>;
  /** Reads a configuration from its file. */
  loadConfig(file: string): Promise<Config>;
  /** Told of each configuration that has been applied. */
  reloaded?(config: Config): void;
}

/** Applies configurations. */
export class Reloads {
  readonly #options: ReloadsOptions;
  #config: Config;
  /** A reload of the file that has not begun: whoever asks for one now is served by it. */
  #next: { all: boolean; done: Promise<void> } | undefined;

  constructor(config: Config, options: ReloadsOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** The current configuration. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Applies a configuration, or the file read again.
   *
   * @throws {ReloadError | ConfigError} If anything is broken; then nothing changes.
   */
  apply(config: Config | undefined, { all = false }: ReloadOptions): Promise<void> {
    if (config !== undefined) return this.#options.alone(() => this.#apply(config, all));
    if (this.#next !== undefined) {
      this.#next.all ||= all;
      return this.#next.done;
    }
    const next = this.#next = { all, done: Promise.resolve() };
    next.done = this.#options.alone(async () => {
      this.#next = undefined;
      await this.#apply(await this.#read(), next.all);
    });
    return next.done;
  }

  /**
   * Applies what the file says of one service now: replaces it, adds it or removes it.
   *
   * @throws {ReloadError | ConfigError} If anything is broken; then nothing changes.
   * @throws {UnknownServiceError} If there is no such service, neither now nor in the file.
   */
  applyOne(service: string): Promise<void> {
    return this.#options.alone(async () => {
      const { [service]: _, ...others } = this.#config.services;
      const read = await this.#read();
      const isNamed = Object.hasOwn(read.services, service);
      if (!isNamed && !this.#options.fleet.names.includes(service)) {
        throw new UnknownServiceError(service, this.#options.fleet.names);
      }
      const services = isNamed ? { ...others, [service]: read.services[service] } : others;
      await this.#replace(
        [service],
        { ...this.#config, protocols: read.protocols, services },
        `reload ${service}`,
      );
    });
  }

  async #apply(next: Config, all: boolean): Promise<void> {
    const running = await this.#options.fleet.compare(next, digestOnce());
    const plan = planReload(this.#config, next, { ...running, all });
    const left = new Set([...plan.unchanged, ...plan.held]);
    const names = new Set([...this.#options.fleet.names, ...Object.keys(next.services)]).difference(left);
    await this.#replace([...names], next, "reload");
    for (const name of plan.held) logHeld(name);
    logReloaded(plan);
    this.#options.reloaded?.(next);
  }

  async #replace(names: string[], next: Config, what: string): Promise<void> {
    const problems = await this.#options.replace(names, next, logProgress);
    if (problems.length > 0) {
      logProblems(what, problems);
      throw new ReloadError(what, problems);
    }
    this.#config = next;
  }

  async #read(): Promise<Config> {
    const { file } = this.#config;
    if (file === undefined) return this.#config;
    try {
      return await this.#options.loadConfig(file);
    } catch (error) {
      logUnreadable(error as Error);
      throw error;
    }
  }
}
