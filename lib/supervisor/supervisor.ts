/**
 * The server as a whole: starts its services, restarts and reloads them, watches over them, stops them.
 *
 * Start, restart and reload are done one after the other; a stop interrupts whatever is under way.
 *
 * @module
 */

import { Bus } from "../service/service_bus.ts";
import { loadConfig } from "../config/load_config.ts";
import type { Config } from "../config/config.ts";
import { Fleet } from "./fleet.ts";
import { canSharePorts } from "../transport/listener.ts";
import { serverLog, serviceLog } from "../log/log.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import { planReload } from "./reload_plan.ts";
import { AutomaticRestart } from "./automatic_restart.ts";
import type { Spawn } from "../isolation/runner.ts";
import { failure } from "../isolation/instance_error.ts";
import { spawnRunner } from "../isolation/start_runner.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import { RuleActions } from "./rule_actions.ts";
import type { ServerState, ServerStatus } from "./server_status.ts";
import {
  ReloadError,
  RestartError,
  type ServiceProblem,
  StartError,
  SupervisorStateError,
  UnknownServiceError,
} from "./supervisor_error.ts";
import { DEFAULT_TIMING, type Timing } from "./timing.ts";
import { version } from "../base/version.ts";

/** How a supervisor works; all of it is for tests and for special needs. */
export interface SupervisorOptions {
  /** Starts workers. @default {in isolates or processes, as the specification says} */
  spawn?: Spawn;
  /** What services run in that do not say so themselves. @default {"worker"} */
  isolation?: Isolation;
  /** Intervals and deadlines. */
  timing?: Partial<Timing>;
  /** Whether listeners can share a port. @default {what the system can} */
  portSharing?: boolean;
  /** Reads the configuration again. @default {from its file} */
  loadConfig?: (file: string) => Promise<Config>;
  /** Told of each configuration that a reload has put in force. */
  reloaded?: (config: Config) => void;
}

/** How a server is stopped. */
export interface StopOptions {
  /**
   * Cuts connections instead of waiting for them to finish.
   *
   * @default {false}
   */
  immediate?: boolean;
}

/** A server. */
export class Supervisor implements AsyncDisposable {
  /** Settles when it has stopped and nothing of it is left. */
  readonly finished: Promise<void>;
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #options: SupervisorOptions;
  readonly #portSharing: boolean;
  readonly #timing: Timing;
  readonly #fleet: Fleet;
  readonly #actions: RuleActions = new RuleActions();
  readonly #stopping: AbortController = new AbortController();
  readonly #deferred: (() => void | Promise<void>)[] = [];
  #config: Config;
  #state: ServerState | "idle" = "idle";
  #started: number | undefined;
  #work: Promise<unknown> = Promise.resolve();

  /** @internal Servers are made by `serve`. */
  constructor(config: Config, options: SupervisorOptions = {}) {
    this.#config = config;
    this.#options = options;
    this.finished = this.#finished.promise;
    this.#portSharing = options.portSharing ?? canSharePorts;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const self = new AutomaticRestart((service) => this.restart(service), this.#timing.memoryRestartMs);
    this.#fleet = new Fleet({
      spawn: options.spawn ?? spawnRunner,
      timing: this.#timing,
      bus: new Bus(),
      actions: this.#actions,
      portSharing: this.#portSharing,
      isolation: options.isolation ?? "worker",
      restart: (service, why) => {
        if (!this.#stopping.signal.aborted) self.want(service, why);
      },
    });
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Starts every service: all of them load, then all of them listen.
   *
   * @throws {StartError} With what is wrong with each service; nothing runs then.
   */
  async start(): Promise<void> {
    if (this.#state !== "idle") {
      throw new SupervisorStateError("already_started", `Cannot start a server that is ${this.#state}`);
    }
    this.#state = "starting";
    if (!this.#portSharing) {
      serverLog().warning(
        "Ports cannot be shared here: one instance a service, and a restart closes, then listens",
      );
    }
    const problems = await this.#inTurn(() =>
      this.#replace(Object.keys(this.#config.services), this.#config)
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
   * Replaces every service by the configuration: that given, or its file read again. Starts what is new there, stops
   * what is not there any more. Settles once the new serves; the old may still drain.
   *
   * @throws {ReloadError | ConfigError} If anything of it is broken; then everything runs on as before.
   */
  async reload(config?: Config): Promise<void> {
    await this.#inTurn(async () => {
      const next = config ?? await this.#readConfig();
      const plan = planReload(this.#config, next);
      for (const setting of plan.restartNeeded) {
        serverLog().warning("{setting} has changed and takes effect when the server is started anew", {
          setting,
        });
      }
      const names = new Set([...this.#fleet.names, ...Object.keys(next.services)]);
      const problems = await this.#replace([...names], next);
      if (problems.length > 0) {
        tell("reload", problems);
        throw new ReloadError("reload", problems);
      }
      this.#config = next;
      const { added, removed, replaced } = plan;
      serverLog().info("Reloaded: {replaced} services replaced, {added} added, {removed} removed", {
        replaced: replaced.length,
        added: added.length,
        removed: removed.length,
      });
      this.#options.reloaded?.(next);
    });
  }

  /**
   * Replaces one service by itself, its code loaded anew. Settles once the new generation serves; the old one may
   * still drain.
   *
   * @throws {RestartError} If the new code does not load or listen, or if an instance is busy for good and cannot be
   * ended; then the service runs on as before.
   * @throws {UnknownServiceError} If there is no such service.
   */
  async restart(service: string): Promise<void> {
    await this.#inTurn(async () => {
      const deployment = this.#fleet.get(service);
      if (!deployment) throw new UnknownServiceError(service, this.#fleet.names);
      const problems = deployment.wedged
        ? [{ service, error: failure("wedged", WEDGED) }]
        : await this.#replace([service], this.#config);
      if (problems.length === 0) return;
      tell(`restart ${service}`, problems);
      throw new RestartError(`restart ${service}`, problems);
    });
  }

  /** How the server does. Counters are at most one heartbeat old; see {@linkcode Supervisor.refresh}. */
  status(): ServerStatus {
    const { file, control } = this.#config;
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

  /** Has the workers bring their counters up to date. */
  async refresh(): Promise<void> {
    await this.#fleet.refresh();
  }

  /** Every open connection of every instance. */
  async connections(): Promise<ConnectionInfo[]> {
    return await this.#fleet.connections();
  }

  /**
   * Stops: connections may finish until their service's drain timeout. A second call with `immediate` cuts them.
   * Settles once nothing is left.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const first = !this.#stopping.signal.aborted;
    if (first) {
      this.#stopping.abort();
      if (this.#state !== "idle") {
        serverLog().info("Stops{how}", { how: options.immediate ? " at once" : "" });
      }
      this.#state = "stopping";
    }
    if (options.immediate) this.#fleet.cut(this.#timing.immediateStopTimeoutMs);
    if (first) {
      this.#fleet.discard();
      await this.#work;
      await this.#fleet.withdraw();
      await this.#end();
    }
    await this.finished;
  }

  /** Stops at once, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ immediate: true });
  }

  /** Has something done once all services have stopped, before `finished` settles. */
  defer(act: () => void | Promise<void>): void {
    this.#deferred.push(act);
  }

  #replace(names: readonly string[], config: Config): Promise<ServiceProblem[]> {
    return this.#fleet.replace(names, config, this.#stopping.signal);
  }

  async #readConfig(): Promise<Config> {
    const { file } = this.#config;
    if (file === undefined) return this.#config;
    try {
      return await (this.#options.loadConfig ?? loadConfig)(file);
    } catch (error) {
      tell("reload", []);
      const { message } = error as Error;
      for (const line of message.split("\n")) serverLog().error("{line}", { line });
      throw error;
    }
  }

  /** Does one thing after the other, until the server is to stop. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#work.then(() => {
      if (this.#stopping.signal.aborted) {
        throw new SupervisorStateError("stopping", "The server is about to stop");
      }
      return act();
    });
    this.#work = done.catch(() => {});
    return done;
  }

  /** Ends what else belongs to the server, last come first. */
  async #end(): Promise<void> {
    await this.#actions.stop();
    for (let act = this.#deferred.pop(); act; act = this.#deferred.pop()) {
      try {
        await act();
      } catch (error) {
        serverLog().error("Cannot end: {error}", { error });
      }
    }
    this.#state = "stopped";
    this.#finished.resolve();
  }
}

const WEDGED = "an instance is busy and cannot be ended, nor made to let its port go; " +
  "isolation: process would allow that, and now only the server's own end helps";

/** Says in the log what was refused and why, a line a problem. */
function tell(what: string, problems: readonly ServiceProblem[]): void {
  serverLog().error("Cannot {what}; everything runs on as before", { what });
  for (const { service, error } of problems) {
    serviceLog(service).error("{problem}", { problem: error.message, error });
  }
}
