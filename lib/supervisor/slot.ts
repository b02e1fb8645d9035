/**
 * One worker slot at work: carries out what the state machine of lifecycle.ts says, with a real worker and real time.
 *
 * What can fail here, and what covers it: the worker reports an error or an end of its own making (`crashed`,
 * `exited`, the runner's `failed`); it says nothing any more (heartbeat); it does not do what it was asked to
 * (deadline of the state); it takes too much memory (its process is ended); it cannot be ended because it is busy in a
 * loop in an isolate of this process (it is wedged; once it has to go it is not listened to any more, and a line in the
 * log says that it may burn on).
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
import {
  crashed,
  exited,
  type Fault,
  listenFailed,
  lost,
  memoryExceeded,
  overdue,
  silent,
  unloadable,
  unstartable,
} from "./fault.ts";
import {
  deadlineMs,
  mustAnswer,
  type SlotEffect,
  type SlotEvent,
  type SlotState,
  transition,
} from "./lifecycle.ts";
import type { MemoryGrade, ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { failure } from "../isolation/instance_error.ts";
import { SlotLog } from "./slot_log.ts";
import { type ConnectionInfo, createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";
import type { InstanceStatus } from "./server_status.ts";
import { type LifeMessage, type WorkerEnvironment, WorkerLink } from "./worker_link.ts";

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

type StateName = SlotState["name"];
type Timer = ReturnType<typeof setTimeout>;

/** The place of one instance in one generation. */
export class Slot {
  readonly spec: WorkerSpec;
  readonly #options: SlotOptions;
  readonly #log: SlotLog;
  readonly #awaited: PendingOrder = new PendingOrder();
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: SlotState = { name: "idle" };
  #since = Date.now();
  #worker: WorkerLink | undefined;
  /** Settles once nothing is left of the workers that were here before. */
  #gone: Promise<unknown> = Promise.resolve();
  #order: ListenOrder | undefined;
  #loaded: { endpoints: Endpoint[]; protocols: string[]; hooks: HookDescription[] } = {
    endpoints: [],
    protocols: [],
    hooks: [],
  };
  readonly #tally: DrainTally = new DrainTally();
  #deadline: Timer | undefined;
  /** Until the next try, or until the worker counts as healthy. */
  #pause: Timer | undefined;
  #pauseMs = 0;
  #crashes = 0;
  #restarts = 0;
  #lastError: ErrorRecord | undefined;
  /** The counters of the workers that were here before. */
  #past: ServiceStats = createStats();

  constructor(spec: WorkerSpec, options: SlotOptions) {
    this.spec = spec;
    this.#options = options;
    this.#log = new SlotLog(spec, options);
  }

  get state(): StateName {
    return this.#state.name;
  }

  /** Settles once nothing of this slot runs any more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Where the service is to listen, by its configuration or its module; known once loaded. */
  get requested(): Endpoint[] {
    return this.#loaded.endpoints;
  }

  /** The names of the protocols spoken there. */
  get protocols(): string[] {
    return this.#loaded.protocols;
  }

  /** Which hooks run for which command; known once loaded. */
  get hooks(): HookDescription[] {
    return this.#loaded.hooks;
  }

  /** Where it listens, with real ports; known once ready. */
  get bound(): Endpoint[] {
    return this.#order?.endpoints ?? [];
  }

  /** The counters since the start of the slot. At most one heartbeat old. */
  get stats(): ServiceStats {
    return mergeStats(this.#worker ? [this.#past, this.#worker.stats] : [this.#past]);
  }

  /** Starts a worker and has it load its modules. @throws {InstanceError} If it does not; then the slot ends. */
  load(): Promise<void> {
    return this.#give({ type: "load" }, { goals: ["loaded"], underWay: ["loading"] });
  }

  /** Binds. @throws {InstanceError} If it cannot; then the slot ends, unless it has served before. */
  listen(order: ListenOrder): Promise<void> {
    this.#order = order;
    return this.#give({ type: "listen" }, { goals: ["ready"], underWay: ["listening", "loading"] });
  }

  /** Closes the listeners; open connections go on, and `listen` is possible again. */
  unlisten(): Promise<void> {
    return this.#give({ type: "unlisten" }, { goals: ["unlistened", "parked"], underWay: ["unlistening"] });
  }

  /** Drains, stops and ends; never rejects. */
  async drain(timeoutMs: number): Promise<DrainResult> {
    this.#apply({ type: "drain", timeoutMs, stopTimeoutMs: this.#options.timing.stopTimeoutMs });
    await this.ended;
    return this.#tally.result;
  }

  /** Cuts, stops and ends; never rejects. */
  async stop(timeoutMs: number = this.#options.timing.stopTimeoutMs): Promise<void> {
    this.#apply({ type: "stop", timeoutMs });
    await this.ended;
  }

  /** The open connections; none if the worker does not answer in time. */
  async connections(): Promise<ConnectionInfo[]> {
    const answer = mustAnswer(this.#state) ? await this.#worker?.ask("connections") : undefined;
    return answer?.type === "connections" ? answer.connections : [];
  }

  /** Has the counters brought up to date. */
  async refresh(): Promise<void> {
    if (mustAnswer(this.#state)) await this.#worker?.ask("ping");
  }

  status(): InstanceStatus {
    const { pid, memoryBytes, pool } = this.#worker ?? {};
    return {
      generation: this.spec.generation,
      instance: this.spec.instance,
      state: this.#state.name,
      since: this.#since,
      crashes: this.#crashes,
      restarts: this.#restarts,
      open: this.stats.open,
      ...(pid === undefined ? {} : { pid }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pool === undefined ? {} : { pool }),
      ...(this.#lastError ? { lastError: this.#lastError } : {}),
    };
  }

  /** Gives an order and waits for its outcome. */
  #give(event: SlotEvent, outcome: Outcome): Promise<void> {
    const settled = this.#awaited.begin(event.type, outcome);
    if (!this.#apply(event)) {
      const why = this.#lastError?.message ?? `it is ${this.#state.name}`;
      this.#awaited.refuse(failure("wrong_state", `Cannot ${event.type} the instance: ${why}`));
    }
    return settled;
  }

  /** Makes the transition; answers whether there was one. */
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
        return this.#worker?.post({ type: "listen", ...this.#order! });
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
      this.#worker = new WorkerLink(this.spec, this.#options, {
        heard: (message) => this.#heard(message),
        failed: (error) => this.#broken(lost(error)),
        silent: () => this.#silent(),
        answered: () => this.#answered(),
        memory: (bytes, grade) => this.#memory(bytes, grade),
        complain: (what) => this.#log.say("warning", "{what}", { what }),
      });
    } catch (error) {
      // Not here and now: the transition that asked for the worker is not over.
      queueMicrotask(() => this.#broken(unstartable(error)));
    }
  }

  /** Counts what is open when the worker is told to go: as last known, and then by its own word, asked for first. */
  #count(order: ToWorker["type"]): void {
    const worker = this.#worker;
    if (!worker || order !== "drain" && order !== "stop") return;
    const note = ({ open }: ServiceStats) =>
      order === "drain" ? this.#tally.drains(open) : this.#tally.stops(open);
    note(worker.stats);
    worker.ask("ping").then((answer) => {
      if (answer?.type === "pong") note(answer.stats);
    });
  }

  #terminate(): void {
    if (!this.#worker) return;
    if (this.#state.name !== "waiting") this.#tally.ends(this.#worker.stats.open);
    if (this.#worker.doubtful && this.spec.isolation === "worker") {
      this.#log.say(
        "warning",
        "may burn on: if its code is in an endless loop, only the end of the process ends that",
      );
    }
    this.#worker.terminate();
    this.#gone = Promise.all([this.#gone, this.#worker.ended]);
    this.#past = mergeStats([this.#past, this.#worker.stats]);
    this.#worker = undefined;
  }

  #backOff(): void {
    this.#crashes++;
    this.#pauseMs = this.#options.backoff.crashed(this.spec.instance, Date.now());
    this.#pause = setTimeout(() => {
      this.#restarts++;
      this.#apply({ type: "retry" });
    }, this.#pauseMs);
  }

  /** Sets the timers that go with the state. */
  #arm(): void {
    const { timing, backoff } = this.#options;
    const limitMs = deadlineMs(this.#state, timing);
    if (limitMs !== undefined) {
      const fault = overdue(this.#state.name, limitMs);
      this.#deadline = setTimeout(() => this.#broken(fault), limitMs);
    }
    if (this.#state.name === "ready") {
      this.#tally.reset();
      this.#pause = setTimeout(() => backoff.recovered(this.spec.instance), timing.healthyMs);
    }
    if (mustAnswer(this.#state)) this.#worker?.watch();
  }

  /** Settles what somebody waits for, if this state decides it. */
  #settle(): void {
    const { name } = this.#state;
    this.#awaited.reached(name, this.#lastError);
    if (name === "ended") this.#gone.then(() => this.#ended.resolve());
  }

  #heard(message: LifeMessage): void {
    const { stopTimeoutMs } = this.#options.timing;
    switch (message.type) {
      case "loaded":
        this.#loaded = {
          endpoints: message.endpoints,
          protocols: message.protocols,
          hooks: message.hooks ?? [],
        };
        return void this.#apply({ type: "loaded" });
      case "load_failed":
        return this.#broken(unloadable(message.error));
      case "ready":
        return this.#ready(message.endpoints);
      case "listen_failed":
        return this.#refused(message.error);
      case "unlistened":
        return void this.#apply({ type: "unlistened" });
      case "drained":
        this.#tally.told({ finished: message.finished, cut: message.cut });
        return void this.#apply({ type: "drained", stopTimeoutMs });
      case "stopped":
        return void this.#apply({ type: "stopped" });
      case "exited":
        return this.#broken(exited(message.how));
      case "crashed":
        return this.#broken(crashed(message.error));
      case "closed":
        // Only processes of a pool say that, and not to a slot.
        return;
      default:
        return message satisfies never;
    }
  }

  #ready(endpoints: Endpoint[]): void {
    const revived = this.#state.name === "listening" && this.#state.revived;
    // From now on a worker in this slot takes these ports again, whoever shares them.
    this.#order = { ...this.#order!, endpoints, exclusive: false };
    if (this.#apply({ type: "ready" }) && revived) this.#log.say("info", "is back");
  }

  #refused(error: ErrorRecord): void {
    const failedBefore = this.#options.backoff.failed;
    this.#apply({ type: "refused", error, stopTimeoutMs: this.#options.timing.stopTimeoutMs });
    if (this.#state.name === "waiting") {
      this.#log.crash(listenFailed(error), { pauseMs: this.#pauseMs, failedBefore });
    }
  }

  #silent(): void {
    if (this.#state.name === "wedged") return;
    const fault = silent(this.spec.limits.heartbeatMs);
    if (this.spec.isolation !== "worker" || !this.#apply({ type: "silent" })) return this.#broken(fault);
    this.#lastError = fault.error;
    this.#log.say(
      "error",
      "{what} and is wedged: it cannot be ended without the server; with isolation: process it could",
      { ...fault },
    );
  }

  #answered(): void {
    if (this.#apply({ type: "answered" })) this.#log.say("info", "has come to itself");
  }

  #memory(bytes: number, grade: MemoryGrade): void {
    const { service, limits: { memoryBytes } } = this.spec;
    const fault = memoryExceeded(bytes, memoryBytes);
    if (grade === "over") return this.#broken(fault);
    if (grade !== "high" || this.#state.name !== "ready") return;
    this.#log.say("warning", "{what}", { what: fault.what });
    this.#options.restart?.(service, "memory");
  }

  #broken(fault: Fault): void {
    const before = this.#state.name;
    const failedBefore = this.#options.backoff.failed;
    if (!this.#apply({ type: "broken", error: fault.error })) return;
    const { name } = this.#state;
    // What ends a slot that has never served is told to whoever asked for it. All else is told here.
    if (before === "draining" || before === "stopping") this.#log.fault("warning", fault);
    else if (name !== "ended") {
      this.#log.crash(fault, { pauseMs: name === "waiting" ? this.#pauseMs : undefined, failedBefore });
    }
  }
}
