/**
 * The server as a whole: starts, watches, restarts, reloads and stops its services.
 *
 * Start and reload run alone; restarts of different services run side by side, those of one service one after the other.
 * A stop interrupts whatever is under way.
 *
 * @module
 */

import { Bus } from "../service/service_bus.ts";
import { loadConfig } from "../config/load_config.ts";
import type { Config } from "../config/config.ts";
import { Fleet } from "./fleet.ts";
import { canSharePorts } from "../transport/listener.ts";
import { serverLog } from "../log/log.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import { type ReloadOptions, Reloads } from "./reloads.ts";
import { AutomaticRestart } from "./automatic_restart.ts";
import type { Spawn } from "../isolation/runner.ts";
import { failure } from "../isolation/instance_error.ts";
import { spawnRunner } from "../isolation/start_runner.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import { RuleActions } from "./rule_actions.ts";
import type { ServerState, ServerStatus } from "./server_status.ts";
import {
  RestartError,
  type ServiceProblem,
  StartError,
  SupervisorStateError,
  UnknownServiceError,
} from "./supervisor_error.ts";
import { DEFAULT_TIMING, type Timing } from "./timing.ts";
import { atIntervals, logProblems, logUnforeseen, type Progress } from "./operation_log.ts";
import { Turns } from "./turns.ts";
import { version } from "../base/version.ts";

/** How a supervisor works; for tests and special needs. */
export interface SupervisorOptions {
  /** Starts workers. @default {in isolates or processes, as the specification says} */
  spawn?: Spawn;
  /** The isolation of services that configure none. @default {"worker"} */
  isolation?: Isolation;
  /** Intervals and deadlines. */
  timing?: Partial<Timing>;
  /** Whether listeners can share a port. @default {what the system can} */
  portSharing?: boolean;
  /** Reads the configuration again. @default {from its file} */
  loadConfig?: (file: string) => Promise<Config>;
  /** Called about once a second while the services load at start, with how many have and how many there are. */
  progress?: Progress;
  /** Opens the file of the log again. @throws If it cannot be opened. */
  reopenLog?: () => void;
  /** Called with each configuration that a reload has applied. */
  reloaded?: (config: Config) => void;
}

/** How a server is stopped. */
export interface StopOptions {
  /**
   * Cuts connections instead of letting them finish.
   *
   * @default {false}
   */
  immediate?: boolean;
}

/** A server. */
export class Supervisor implements AsyncDisposable {
  /** Settles once the server has stopped and nothing of it runs. */
  readonly finished: Promise<void>;
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #options: SupervisorOptions;
  readonly #portSharing: boolean;
  readonly #timing: Timing;
  readonly #fleet: Fleet;
  readonly #bus: Bus = new Bus();
  readonly #actions: RuleActions = new RuleActions({
    publish: (topic, json) => this.#bus.publish(null, topic, json),
  });
  readonly #stopping: AbortController = new AbortController();
  readonly #deferred: (() => void | Promise<void>)[] = [];
  readonly #reloads: Reloads;
  #state: ServerState | "idle" = "idle";
  #started: number | undefined;
  readonly #turns: Turns = new Turns();

  /** @internal Servers are made by `serve`. */
  constructor(config: Config, options: SupervisorOptions = {}) {
    this.#options = options;
    this.finished = this.#finished.promise;
    this.#portSharing = options.portSharing ?? canSharePorts;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const { memoryRestartMs, signalRestartMs } = this.#timing;
    const automatic = new AutomaticRestart((service) => this.restart(service), {
      memory: memoryRestartMs,
      signal: signalRestartMs,
    });
    this.defer(() => automatic.stop());
    this.#fleet = new Fleet({
      spawn: options.spawn ?? spawnRunner,
      timing: this.#timing,
      bus: this.#bus,
      actions: this.#actions,
      portSharing: this.#portSharing,
      isolation: options.isolation ?? "worker",
      restart: (service, why) => {
        if (!this.#stopping.signal.aborted) automatic.want(service, why);
      },
    });
    this.#reloads = new Reloads(config, {
      fleet: this.#fleet,
      alone: (act) => this.#turns.alone(this.#untilStop(act)),
      replace: (...change) => this.#replace(...change),
      loadConfig: options.loadConfig ?? loadConfig,
      ...(options.reloaded ? { reloaded: options.reloaded } : {}),
    });
  }

  /** The current configuration. */
  get config(): Config {
    return this.#reloads.config;
  }

  /**
   * Starts every service: all load, then all listen.
   *
   * @throws {StartError} With the problem of each service; nothing runs then.
   */
  async start(): Promise<void> {
    if (this.#state !== "idle") {
      throw new SupervisorStateError("already_started", `Cannot start a server that is ${this.#state}`);
    }
    this.#state = "starting";
    if (!this.#portSharing) {
      serverLog().warning(
        "Ports cannot be shared here: each service has one instance, and a restart closes its ports for a moment",
      );
    }
    const problems = await this.#turns.alone(
      this.#untilStop(() =>
        this.#replace(Object.keys(this.config.services), this.config, this.#options.progress)
      ),
    );
    if (problems.length > 0) {
      this.#stopping.abort();
      await this.#end();
      throw new StartError("start", problems);
    }
    if (this.#state === "starting") this.#state = "running";
    this.#started = Date.now();
  }

  /**
   * Applies a configuration, or the file read again: replaces services whose configuration or code has changed, starts new
   * ones, stops removed ones. Settles once the new generations serve; the old ones may still drain.
   *
   * @throws {ReloadError | ConfigError} If anything is broken; then nothing changes.
   */
  reload(config?: Config, options: ReloadOptions = {}): Promise<void> {
    return this.#reloads.apply(config, options);
  }

  /**
   * Applies what the configuration's file says of one service now, and loads its code again; others are left alone.
   *
   * @throws {ReloadError | ConfigError} If anything is broken; then nothing changes.
   * @throws {UnknownServiceError} If there is no such service.
   */
  reloadService(service: string): Promise<void> {
    return this.#reloads.applyOne(service);
  }

  /**
   * Replaces one service, its code loaded again. Settles once the new generation serves; the old one may still drain.
   *
   * @throws {RestartError} If the new code does not load or listen, or if an instance blocks its event loop and cannot
   * be terminated; then the service runs on as before.
   * @throws {UnknownServiceError} If there is no such service.
   */
  async restart(service: string): Promise<void> {
    await this.#turns.forKey(
      service,
      this.#untilStop(async () => {
        const deployment = this.#fleet.get(service);
        if (!deployment) throw new UnknownServiceError(service, this.#fleet.names);
        const problems = deployment.wedged
          ? [{ service, error: failure("wedged", WEDGED) }]
          : await this.#replace([service], this.config);
        if (problems.length === 0) return;
        logProblems(`restart ${service}`, problems);
        throw new RestartError(`restart ${service}`, problems);
      }),
    );
  }

  /** Opens the file of the log again, after rotation has moved it; if it cannot, the log goes on where it is. */
  reopenLog(): void {
    try {
      this.#options.reopenLog?.();
    } catch (error) {
      serverLog().error("Cannot open the log again: {error}", { error });
    }
  }

  /** The status of the server. Counters are at most one heartbeat old; see {@linkcode Supervisor.refresh}. */
  status(): ServerStatus {
    const { file, control } = this.config;
    return {
      version,
      pid: Deno.pid,
      state: this.#state === "idle" ? "stopped" : this.#state,
      ...(this.#started === undefined ? {} : { started: this.#started }),
      ...(file === undefined ? {} : { config: file }),
      ...(control === false ? {} : { control }),
      portSharing: this.#portSharing,
      services: this.#fleet.status(),
    };
  }

  /** Brings the workers' counters up to date. */
  async refresh(): Promise<void> {
    await this.#fleet.refresh();
  }

  /** Every open connection of every instance. */
  async connections(): Promise<ConnectionInfo[]> {
    return await this.#fleet.connections();
  }

  /**
   * Stops: connections may finish until their service's drain timeout. A second call with `immediate` cuts them.
   * Settles once nothing runs.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const first = !this.#stopping.signal.aborted;
    if (first) {
      this.#stopping.abort();
      if (this.#state !== "idle") {
        serverLog().info("Stopping{how}", { how: options.immediate ? " at once" : "" });
      }
      this.#state = "stopping";
    }
    if (options.immediate) this.#fleet.stop(this.#timing.immediateStopTimeoutMs);
    if (first) {
      this.#fleet.rollBack();
      await this.#turns.idle;
      await this.#fleet.drain();
      await this.#end();
    }
    await this.finished;
  }

  /** Stops at once; for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ immediate: true });
  }

  /** Registers an action to run once all services have stopped, before `finished` settles. */
  defer(act: () => void | Promise<void>): void {
    this.#deferred.push(act);
  }

  #replace(names: readonly string[], config: Config, progress?: Progress): Promise<ServiceProblem[]> {
    const options = {
      signal: this.#stopping.signal,
      ...(progress ? { progress: atIntervals(progress) } : {}),
    };
    return this.#fleet.replace(names, config, options);
  }

  /** An action that is not begun once the server stops. */
  #untilStop<T>(act: () => Promise<T>): () => Promise<T> {
    return async () => {
      if (this.#stopping.signal.aborted) {
        throw new SupervisorStateError("stopping", "The server is stopping");
      }
      try {
        return await act();
      } catch (error) {
        logUnforeseen(error);
        throw error;
      }
    };
  }

  /** Runs the deferred actions, the last one first. */
  async #end(): Promise<void> {
    await this.#actions.stop();
    this.#fleet.close();
    for (let act = this.#deferred.pop(); act; act = this.#deferred.pop()) {
      try {
        await act();
      } catch (error) {
        serverLog().error("Cleanup failed: {error}", { error });
      }
    }
    this.#state = "stopped";
    this.#finished.resolve();
  }
}

const WEDGED =
  "an instance blocks its event loop: it cannot be terminated and keeps its port until the server stops; " +
  "with isolation: process it could be killed";
