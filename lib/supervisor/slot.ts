/**
 * One worker slot at work: carries out what the state machine of lifecycle.ts decides, with a real worker and real time.
 *
 * What can fail here, and what covers it: the worker reports an error or its own end (`crashed`, `exited`, the runner's
 * `failed`); it stops answering (heartbeat); it does not do what it was told (deadline of the state); it uses too much
 * memory (its process is killed); it blocks the event loop of an isolate of this process, so that it cannot be terminated
 * (it is wedged; once it is replaced nothing it sends is read, and the log says that it may go on using a core).
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { type Outcome, PendingOrder } from "./pending_order.ts";
import type { Backoff } from "./backoff.ts";
import type { DrainResult } from "./drain_tally.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import { overdue, unstartable } from "./fault.ts";
import {
  deadlineMs,
  mustAnswer,
  type SlotEffect,
  type SlotEvent,
  type SlotState,
  transition,
} from "./lifecycle.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { failure } from "../isolation/instance_error.ts";
import { SlotLog } from "./slot_log.ts";
import { SlotWorkers } from "./slot_workers.ts";
import { SlotTimers } from "./slot_timers.ts";
import type { DigestFile } from "./file_digest.ts";
import type { ConnectionInfo, ServiceStats } from "../contract/stats.ts";
import type { InstanceStatus } from "./server_status.ts";
import type { WorkerEnvironment } from "./worker_link.ts";
import { type LoadedModules, type ReportTarget, WorkerReports } from "./worker_reports.ts";

/** What a slot works with. */
export interface SlotOptions extends WorkerEnvironment {
  /** Shared with the other instances of the generation. */
  backoff: Backoff;
  log: Logger;
}

/** Where and how an instance listens. */
export interface ListenOrder {
  endpoints: Endpoint[];
  reusePort: boolean;
  exclusive: boolean;
}

/** The place of one instance in one generation. */
export class Slot {
  readonly spec: WorkerSpec;
  readonly #options: SlotOptions;
  readonly #log: SlotLog;
  readonly #reports: WorkerReports;
  readonly #order: PendingOrder = new PendingOrder();
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: SlotState = { name: "idle" };
  #since = Date.now();
  #listen: ListenOrder | undefined;
  #loaded: LoadedModules = { endpoints: [], protocols: [], hooks: [] };
  readonly #workers: SlotWorkers;
  readonly #timers: SlotTimers;
  #lastError: ErrorRecord | undefined;

  constructor(spec: WorkerSpec, options: SlotOptions) {
    this.spec = spec;
    this.#options = options;
    this.#log = new SlotLog(spec, options);
    this.#timers = new SlotTimers(spec.instance, options);
    this.#reports = new WorkerReports(spec, this.#reportTarget(), this.#log, options);
    this.#workers = new SlotWorkers(spec, options, this.#reports);
  }

  get state(): SlotState["name"] {
    return this.#state.name;
  }

  /** Settles once nothing of this slot runs. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Where the service is to listen, by its configuration or its module; known once loaded. */
  get requested(): Endpoint[] {
    return this.#loaded.endpoints;
  }

  /** The names of its protocols. */
  get protocols(): string[] {
    return this.#loaded.protocols;
  }

  /** Which hooks run for which command; known once loaded. */
  get hooks(): HookDescription[] {
    return this.#loaded.hooks;
  }

  /** The paths of the files that its code is made of, or was to be, if it did not load. */
  get codeFiles(): string[] {
    return this.#workers.code.paths;
  }

  /** Whether a worker started now would surely have the same code and certificates. */
  isUnchanged(digest: DigestFile): Promise<boolean> {
    return this.#workers.isUnchanged(digest);
  }

  /** Where it listens, with real ports; known once ready. */
  get bound(): Endpoint[] {
    return this.#listen?.endpoints ?? [];
  }

  /** The counters since the start of the slot. At most one heartbeat old. */
  get stats(): ServiceStats {
    return this.#workers.stats;
  }

  /** Starts a worker and has it load its modules. @throws {InstanceError} If it fails; then the slot ends. */
  load(): Promise<void> {
    return this.#give({ type: "load" }, { goals: ["loaded"], underWay: ["loading"] });
  }

  /** Binds. @throws {InstanceError} If it cannot; then the slot ends, unless it has served before. */
  listen(order: ListenOrder): Promise<void> {
    this.#listen = order;
    return this.#give({ type: "listen" }, { goals: ["ready"], underWay: ["listening", "loading"] });
  }

  /** Closes the listeners; open connections stay, and `listen` is possible again. */
  unlisten(): Promise<void> {
    return this.#give({ type: "unlisten" }, { goals: ["unlistened", "parked"], underWay: ["unlistening"] });
  }

  /** Lets connections finish, then stops; never rejects. */
  async drain(timeoutMs: number): Promise<DrainResult> {
    this.#apply({ type: "drain", timeoutMs, stopTimeoutMs: this.#options.timing.stopTimeoutMs });
    await this.ended;
    return this.#workers.tally.result;
  }

  /** Cuts connections and stops; never rejects. */
  async stop(timeoutMs: number = this.#options.timing.stopTimeoutMs): Promise<void> {
    this.#apply({ type: "stop", timeoutMs });
    await this.ended;
  }

  /** The open connections; none if the worker does not answer in time. */
  async connections(): Promise<ConnectionInfo[]> {
    const answer = mustAnswer(this.#state) ? await this.#workers.present?.request("connections") : undefined;
    return answer?.type === "connections" ? answer.connections : [];
  }

  /** Brings the counters up to date. */
  async refresh(): Promise<void> {
    if (mustAnswer(this.#state)) await this.#workers.present?.request("ping");
  }

  status(): InstanceStatus {
    const { pid, memoryBytes, pool, dropped = 0 } = this.#workers.present ?? {};
    return {
      generation: this.spec.generation,
      instance: this.spec.instance,
      state: this.#state.name,
      since: this.#since,
      crashes: this.#workers.counters.crashes,
      restarts: this.#workers.counters.restarts,
      open: this.stats.open,
      ...(pid === undefined ? {} : { pid }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pool === undefined ? {} : { pool }),
      ...(dropped === 0 ? {} : { dropped }),
      ...(this.#lastError ? { lastError: this.#lastError } : {}),
    };
  }

  /** Gives an order and waits for its outcome. */
  #give(event: SlotEvent, outcome: Outcome): Promise<void> {
    const settled = this.#order.begin(event.type, outcome);
    if (!this.#apply(event)) {
      const why = this.#lastError?.message ?? `it is ${this.#state.name}`;
      this.#order.refuse(failure("wrong_state", `Cannot ${event.type} the instance: ${why}`));
    }
    return settled;
  }

  /** Makes the transition; returns whether there was one. */
  #apply(event: SlotEvent): boolean {
    const step = transition(this.#state, event);
    if (!step) return false;
    if (event.type === "broken" || event.type === "refused") this.#lastError = event.error;
    this.#state = step.state;
    this.#since = Date.now();
    this.#timers.clear();
    for (const effect of step.effects) this.#carryOut(effect);
    this.#arm();
    this.#settle();
    return true;
  }

  #carryOut(effect: SlotEffect): void {
    switch (effect.do) {
      case "spawn":
        return this.#spawn();
      case "listen":
        return this.#workers.order({ type: "listen", ...this.#listen! });
      case "post":
        return this.#workers.order(effect.message);
      case "terminate":
        return this.#terminate();
      case "back_off":
        return this.#backOff();
      default:
        return effect satisfies never;
    }
  }

  #spawn(): void {
    try {
      this.#workers.spawn();
    } catch (error) {
      // Not now: the transition that asked for the worker is not complete.
      queueMicrotask(() => this.#reports.broken(unstartable(error)));
    }
  }

  #terminate(): void {
    const worker = this.#workers.present;
    if (!worker) return;
    if (this.#state.name !== "waiting") this.#workers.tally.ends(worker.stats.open);
    if (worker.doubtful && this.spec.isolation === "worker") {
      this.#log.event(
        "warning",
        "may keep using a core: an endless loop in its code ends only with the server",
      );
    }
    this.#workers.terminate();
  }

  #backOff(): void {
    const { counters } = this.#workers;
    counters.crashes++;
    this.#timers.backOff(() => {
      counters.restarts++;
      this.#apply({ type: "retry" });
    });
  }

  /** Sets the timers that belong to the state. */
  #arm(): void {
    const limitMs = deadlineMs(this.#state, this.#options.timing);
    if (limitMs !== undefined) {
      const fault = overdue(this.#state.name, limitMs);
      this.#timers.deadline(limitMs, () => this.#reports.broken(fault));
    }
    if (this.#state.name === "ready") {
      this.#workers.serves();
      this.#timers.serves();
    }
    if (mustAnswer(this.#state)) this.#workers.present?.watch();
  }

  /** Settles a pending order, if this state decides it. */
  #settle(): void {
    const { name } = this.#state;
    this.#order.reached(name, this.#lastError);
    if (name === "ended") this.#workers.gone.then(() => this.#ended.resolve());
  }

  #reportTarget(): ReportTarget {
    // deno-lint-ignore no-this-alias
    const slot = this;
    return {
      get state() {
        return slot.#state;
      },
      get pauseMs() {
        return slot.#timers.pauseMs;
      },
      get listening() {
        return slot.bound;
      },
      apply: (event) => slot.#apply(event),
      loaded: (modules) => slot.#loaded = modules,
      files({ urls, areAll }) {
        slot.#workers.code.add(urls);
        if (areAll) slot.#workers.code.complete();
      },
      // From now on a worker in this slot takes these ports again, whoever shares them.
      bound: (endpoints) => slot.#listen = { ...slot.#listen!, endpoints, exclusive: false },
      drained: (result) => slot.#workers.tally.reported(result),
      note: (error) => slot.#lastError = error,
    };
  }
}
