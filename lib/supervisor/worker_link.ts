/**
 * One worker and what passes between it and the supervisor: its heartbeat, its answers to questions, its counters, its
 * topics, its log. What concerns its life is passed on.
 *
 * @module
 */

import type { Bus, Subscriber } from "../service/service_bus.ts";
import { DEFAULT_QUEUE } from "../hooks/action_queue.ts";
import { readActionRequest, type RunAction } from "../hooks/action_request.ts";
import { Heartbeat } from "./heartbeat.ts";
import { emitRecords } from "../log/log_record.ts";
import type { FromWorker, MemoryGrade, ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";
import { Questions } from "./pending_requests.ts";
import type { Runner, Spawn } from "../isolation/runner.ts";
import { createStats, type ServiceStats } from "../contract/stats.ts";
import type { Timing } from "./timing.ts";

/** What all workers of a server share. */
export interface WorkerEnvironment {
  spawn: Spawn;
  timing: Timing;
  bus: Bus;
  /** Runs a webhook or a program of one of the service's rules. @default {none is run} */
  runAction?: RunAction;
  /** Told that a service is to be restarted, and why. */
  restart?: (service: string, why: RestartReason) => void;
}

/** Why a service is to be restarted though nobody has asked the supervisor: its memory, or a signal to its process. */
export type RestartReason = "memory" | "signal";

/** What a worker says of its own life. */
export type LifeMessage = Exclude<
  FromWorker,
  {
    type:
      | "pong"
      | "connections"
      | "act"
      | "publish"
      | "subscribe"
      | "unsubscribe"
      | "log"
      | "memory"
      | "restart_wanted";
  }
>;

/** What a slot hears of its worker. */
export interface WorkerEvents {
  heard(message: LifeMessage): void;
  /** An error that nobody caught, or the end of the worker. */
  failed(error: unknown): void;
  /** It does not answer pings any more. Said again and again. */
  silent(): void;
  /** It has answered a ping. */
  answered(): void;
  /** How its memory stands to its limit. */
  memory(bytes: number, grade: MemoryGrade): void;
  /** Something odd that is worth a line in the log. */
  complain(text: string): void;
}

/** A worker from its start to its end. After `terminate` nothing is heard of it. */
export class WorkerLink implements Subscriber {
  readonly #environment: WorkerEnvironment;
  readonly #events: WorkerEvents;
  readonly #runner: Runner;
  readonly #questions: Questions<FromWorker> = new Questions();
  readonly #heartbeat: Heartbeat;
  /** How many webhooks and programs it has asked for that are not over. */
  #actions = 0;
  /** No instance that keeps to its own limits asks for more. */
  readonly #maxActions: number;
  #over = false;
  #stats: ServiceStats = createStats();
  #memoryBytes: number | undefined;
  #pool: PoolStatus | undefined;
  readonly #service: string;

  /** Starts a worker and tells it what to load. @throws Whatever keeps a worker from starting. */
  constructor(spec: WorkerSpec, environment: WorkerEnvironment, events: WorkerEvents) {
    this.#environment = environment;
    this.#events = events;
    this.#service = spec.service;
    this.#maxActions = maxActions(spec);
    this.#heartbeat = new Heartbeat(
      { limitMs: spec.limits.heartbeatMs, missed: environment.timing.heartbeatsMissed },
      () => this.post({ type: "ping", id: this.#questions.nextId() }),
      () => events.silent(),
    );
    this.#runner = environment.spawn({
      message: (message) => {
        if (!this.#over) this.#take(message);
      },
      failed: (error) => {
        if (!this.#over) events.failed(error);
      },
    }, spec);
    this.post({ type: "load", spec });
  }

  /** The counters as of the latest answer to a ping; of a worker that is over, with nothing open any more. */
  get stats(): ServiceStats {
    const { open, closed } = this.#stats;
    return this.#over ? { ...this.#stats, open: 0, closed: closed + open } : this.#stats;
  }

  /** The process that it runs in. */
  get pid(): number {
    return this.#runner.pid;
  }

  /** What its process takes, and those of its pool, if it has one of its own and has said so. */
  get memoryBytes(): number | undefined {
    return this.#memoryBytes === undefined ? undefined : this.#memoryBytes + (this.#pool?.memoryBytes ?? 0);
  }

  /** How its pool did at the latest answer to a ping. */
  get pool(): PoolStatus | undefined {
    return this.#pool;
  }

  /** Settles once nothing of it is left. */
  get ended(): Promise<void> {
    return this.#runner.ended;
  }

  /** Whether it has left pings unanswered, so that its isolate may be busy for ever. */
  get doubtful(): boolean {
    return this.#heartbeat.doubtful;
  }

  post(message: ToWorker): void {
    this.#runner.post(message);
  }

  /** From now on it must answer pings. */
  watch(): void {
    this.#heartbeat.start();
  }

  /** Asks for something; answers undefined if no answer comes in time. */
  ask(type: "ping" | "connections"): Promise<FromWorker | undefined> {
    return this.#questions.ask(this.#environment.timing.answerTimeoutMs, (id) => this.post({ type, id }));
  }

  /** Passes on what was published on a topic that this worker subscribed. */
  deliver(topic: string, json: string): void {
    this.post({ type: "published", topic, json });
  }

  /** Ends it without asking. */
  terminate(): void {
    this.#over = true;
    this.#runner.terminate();
    this.#heartbeat.stop();
    this.#environment.bus.forget(this);
    this.#questions.giveUp();
  }

  /** Its service's code can post what it likes: that must not hurt the supervisor. */
  #take(message: FromWorker): void {
    try {
      this.#heard(message);
    } catch (error) {
      if (!this.#over) this.#events.failed(error);
    }
  }

  #act(message: Extract<FromWorker, { type: "act" }>): void {
    const request = readActionRequest(message.request);
    if (request === undefined) throw new TypeError("The instance asks for an action that is none");
    if (++this.#actions > this.#maxActions) {
      throw new TypeError("The instance asks for too many actions at once");
    }
    this.#environment.runAction?.(request).then(() => {
      this.#actions--;
      this.post({ type: "acted", id: message.id });
    });
  }

  #heard(message: FromWorker): void {
    const { bus } = this.#environment;
    switch (message.type) {
      case "pong":
        this.#heartbeat.answered();
        this.#stats = message.stats;
        this.#pool = message.pool;
        this.#events.answered();
        return this.#questions.answer(message.id, message);
      case "connections":
        return this.#questions.answer(message.id, message);
      case "act":
        return this.#act(message);
      case "publish":
        return bus.publish(this, message.topic, message.json);
      case "subscribe":
        if (!bus.subscribe(this, message.topic)) this.#events.complain("subscribes to too many topics");
        return;
      case "unsubscribe":
        return bus.unsubscribe(this, message.topic);
      case "log":
        return emitRecords(message.records);
      case "memory":
        this.#memoryBytes = message.rssBytes;
        return this.#events.memory(message.rssBytes, message.grade);
      case "restart_wanted":
        return this.#environment.restart?.(this.#service, "signal");
      case "stopped":
        this.#stats = message.stats;
        return this.#events.heard(message);
      case "loaded":
      case "load_failed":
      case "ready":
      case "listen_failed":
      case "unlistened":
      case "drained":
      case "exited":
      case "crashed":
      case "closed":
        return this.#events.heard(message);
      default:
        message satisfies never;
        this.#events.complain(`says what is not understood: ${JSON.stringify(message)}`);
    }
  }
}

/** How many webhooks and programs an instance may have under way, those of all processes of its pool together. */
function maxActions({ hooks, pool }: WorkerSpec): number {
  const actions = hooks?.sources.flatMap((source) => "rule" in source ? source.rule.then : [])
    .filter((action) => action.do === "webhook" || action.do === "exec").length ?? 0;
  return actions * DEFAULT_QUEUE.maxJobs * (pool?.size ?? 1);
}
