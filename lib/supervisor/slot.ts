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
import { type DrainResult, DrainTally } from "./drain_tally.ts";
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
import type { ToWorker } from "../spec/worker_messages.ts";
import type { FileBackup, WorkerSpec } from "../spec/worker_spec.ts";
import { backUpFiles, namesFiles } from "../transport/file_backup.ts";
import { failure } from "../isolation/instance_error.ts";
import { SlotCounters } from "./slot_counters.ts";
import { SlotLog } from "./slot_log.ts";
import type { ConnectionInfo, ServiceStats } from "../contract/stats.ts";
import type { InstanceStatus } from "./server_status.ts";
import { type WorkerEnvironment, WorkerLink } from "./worker_link.ts";
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

type Timer = ReturnType<typeof setTimeout>;

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
  #worker: WorkerLink | undefined;
  /** Settles once nothing runs of the workers that were here before. */
  #gone: Promise<unknown> = Promise.resolve();
  #listen: ListenOrder | undefined;
  #loaded: LoadedModules = { endpoints: [], protocols: [], hooks: [] };
  readonly #tally: DrainTally = new DrainTally();
  readonly #counters: SlotCounters = new SlotCounters();
  #deadline: Timer | undefined;
  /** Until the next restart, or until the worker counts as healthy. */
  #pause: Timer | undefined;
  #pauseMs = 0;
  #lastError: ErrorRecord | undefined;
  #backup: FileBackup | undefined;
  /** How many workers it has had. */
  #spawned = 0;

  constructor(spec: WorkerSpec, options: SlotOptions) {
    this.spec = spec;
    this.#options = options;
    this.#log = new SlotLog(spec, options);
    this.#reports = new WorkerReports(spec, this.#reportTarget(), this.#log, options);
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

  /** Where it listens, with real ports; known once ready. */
  get bound(): Endpoint[] {
    return this.#listen?.endpoints ?? [];
  }

  /** The counters since the start of the slot. At most one heartbeat old. */
  get stats(): ServiceStats {
    return this.#counters.sum(this.#worker?.stats);
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
    return this.#tally.result;
  }

  /** Cuts connections and stops; never rejects. */
  async stop(timeoutMs: number = this.#options.timing.stopTimeoutMs): Promise<void> {
    this.#apply({ type: "stop", timeoutMs });
    await this.ended;
  }

  /** The open connections; none if the worker does not answer in time. */
  async connections(): Promise<ConnectionInfo[]> {
    const answer = mustAnswer(this.#state) ? await this.#worker?.request("connections") : undefined;
    return answer?.type === "connections" ? answer.connections : [];
  }

  /** Brings the counters up to date. */
  async refresh(): Promise<void> {
    if (mustAnswer(this.#state)) await this.#worker?.request("ping");
  }

  status(): InstanceStatus {
    const { pid, memoryBytes, pool, dropped = 0 } = this.#worker ?? {};
    return {
      generation: this.spec.generation,
      instance: this.spec.instance,
      state: this.#state.name,
      since: this.#since,
      crashes: this.#counters.crashes,
      restarts: this.#counters.restarts,
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
    clearTimeout(this.#pause);
    clearTimeout(this.#deadline);
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
        return this.#worker?.post({ type: "listen", ...this.#listen! });
      case "post":
        this.#count(effect.message.type);
        return this.#worker?.post(effect.message);
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
      const predecessors = this.#spawned++;
      const spec: WorkerSpec = {
        ...this.spec,
        ...(predecessors === 0 ? {} : { predecessors }),
        ...(this.#backup ? { backup: this.#backup } : {}),
      };
      this.#worker = new WorkerLink(spec, this.#options, this.#reports);
    } catch (error) {
      // Not now: the transition that asked for the worker is not complete.
      queueMicrotask(() => this.#reports.broken(unstartable(error)));
    }
  }

  /** Counts the connections when the worker is told to end: those last reported, then those of its answer to a ping. */
  #count(order: ToWorker["type"]): void {
    const worker = this.#worker;
    if (!worker || order !== "drain" && order !== "stop") return;
    const note = ({ open }: ServiceStats) =>
      order === "drain" ? this.#tally.drains(open) : this.#tally.stops(open);
    note(worker.stats);
    worker.request("ping").then((answer) => {
      if (answer?.type === "pong") note(answer.stats);
    });
  }

  #terminate(): void {
    if (!this.#worker) return;
    if (this.#state.name !== "waiting") this.#tally.ends(this.#worker.stats.open);
    if (this.#worker.doubtful && this.spec.isolation === "worker") {
      this.#log.event(
        "warning",
        "may keep using a core: an endless loop in its code ends only with the server",
      );
    }
    this.#worker.terminate();
    this.#gone = Promise.all([this.#gone, this.#worker.ended]);
    this.#counters.add(this.#worker.stats);
    this.#worker = undefined;
  }

  #backOff(): void {
    this.#counters.crashes++;
    this.#pauseMs = this.#options.backoff.crashed(this.spec.instance, performance.now());
    this.#pause = setTimeout(() => {
      this.#counters.restarts++;
      this.#apply({ type: "retry" });
    }, this.#pauseMs);
  }

  /** Sets the timers that belong to the state. */
  #arm(): void {
    const { timing, backoff } = this.#options;
    const limitMs = deadlineMs(this.#state, timing);
    if (limitMs !== undefined) {
      const fault = overdue(this.#state.name, limitMs);
      this.#deadline = setTimeout(() => this.#reports.broken(fault), limitMs);
    }
    if (this.#state.name === "ready") {
      this.#backUp();
      this.#tally.reset();
      this.#pause = setTimeout(() => backoff.recovered(this.spec.instance), timing.healthyMs);
    }
    if (mustAnswer(this.#state)) this.#worker?.watch();
  }

  /** Keeps what the service's files contain now that a worker can use them: the next one may not. */
  #backUp(): void {
    if (namesFiles(this.spec)) backUpFiles(this.spec).then((backup) => this.#backup = backup ?? this.#backup);
  }

  /** Settles a pending order, if this state decides it. */
  #settle(): void {
    const { name } = this.#state;
    this.#order.reached(name, this.#lastError);
    if (name === "ended") this.#gone.then(() => this.#ended.resolve());
  }

  #reportTarget(): ReportTarget {
    // deno-lint-ignore no-this-alias
    const slot = this;
    return {
      get state() {
        return slot.#state;
      },
      get pauseMs() {
        return slot.#pauseMs;
      },
      get listening() {
        return slot.bound;
      },
      apply: (event) => slot.#apply(event),
      loaded: (modules) => slot.#loaded = modules,
      // From now on a worker in this slot takes these ports again, whoever shares them.
      bound: (endpoints) => slot.#listen = { ...slot.#listen!, endpoints, exclusive: false },
      drained: (result) => slot.#tally.reported(result),
      note: (error) => slot.#lastError = error,
    };
  }
}
