/**
 * One worker and its messages: handles its heartbeat, its answers to requests, its counters, its topics and its log;
 * passes on what concerns its life.
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
import { PendingRequests } from "./pending_requests.ts";
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
  /** Called when a service is to be restarted. */
  restart?: (service: string, why: RestartReason) => void;
}

/** Why a service is to be restarted without an operator: its memory, or a signal to its process. */
export type RestartReason = "memory" | "signal";

/** The messages of a worker about its own life. */
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

/** What a worker's owner hears of it. */
export interface WorkerEvents {
  heard(message: LifeMessage): void;
  /** An uncaught error, or the end of the worker. */
  failed(error: unknown): void;
  /** It does not answer pings. Called at every interval. */
  silent(): void;
  /** It answered a ping. */
  answered(): void;
  /** How its memory compares to its limit. */
  memory(bytes: number, grade: MemoryGrade): void;
  /** It did something odd, which belongs in the log. */
  complain(text: string): void;
}

/** A worker from its start to its end. After `terminate` no event comes from it. */
export class WorkerLink implements Subscriber {
  readonly #environment: WorkerEnvironment;
  readonly #events: WorkerEvents;
  readonly #runner: Runner;
  readonly #requests: PendingRequests<FromWorker> = new PendingRequests();
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

  /** Starts a worker and tells it what to load. @throws If it cannot be started. */
  constructor(spec: WorkerSpec, environment: WorkerEnvironment, events: WorkerEvents) {
    this.#environment = environment;
    this.#events = events;
    this.#service = spec.service;
    this.#maxActions = maxActions(spec);
    this.#heartbeat = new Heartbeat(
      { limitMs: spec.limits.heartbeatMs, missed: environment.timing.heartbeatsMissed },
      () => this.post({ type: "ping", id: this.#requests.nextId() }),
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

  /** The counters of the latest answer to a ping; of a terminated worker, with no connection open. */
  get stats(): ServiceStats {
    const { open, closed } = this.#stats;
    return this.#over ? { ...this.#stats, open: 0, closed: closed + open } : this.#stats;
  }

  /** The id of the process that it runs in. */
  get pid(): number {
    return this.#runner.pid;
  }

  /** The memory of its process and of those of its pool; undefined in the server's process, or if not reported yet. */
  get memoryBytes(): number | undefined {
    return this.#memoryBytes === undefined ? undefined : this.#memoryBytes + (this.#pool?.memoryBytes ?? 0);
  }

  /** The status of its pool as of the latest answer to a ping. */
  get pool(): PoolStatus | undefined {
    return this.#pool;
  }

  /** Settles once nothing of it runs. */
  get ended(): Promise<void> {
    return this.#runner.ended;
  }

  /** Whether pings are unanswered, so that its event loop may be blocked for good. */
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

  /** Sends a request; resolves to undefined if no answer comes in time. */
  request(type: "ping" | "connections"): Promise<FromWorker | undefined> {
    return this.#requests.request(this.#environment.timing.answerTimeoutMs, (id) => this.post({ type, id }));
  }

  /** Delivers a message of a topic that this worker subscribed. */
  deliver(topic: string, json: string): void {
    this.post({ type: "published", topic, json });
  }

  /** Ends it at once. */
  terminate(): void {
    this.#over = true;
    this.#runner.terminate();
    this.#heartbeat.stop();
    this.#environment.bus.forget(this);
    this.#requests.cancelAll();
  }

  /** The service's code can send anything: it must not harm the supervisor. */
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
        return this.#requests.answer(message.id, message);
      case "connections":
        return this.#requests.answer(message.id, message);
      case "act":
        return this.#act(message);
      case "publish":
        return bus.publish(this, message.topic, message.json);
      case "subscribe":
        if (!bus.subscribe(this, message.topic)) this.#events.complain("subscribed to too many topics");
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
        this.#events.complain(`sent an unknown message: ${JSON.stringify(message)}`);
    }
  }
}

/** How many webhooks and programs an instance may have under way, those of all processes of its pool together. */
function maxActions({ hooks, pool }: WorkerSpec): number {
  const actions = hooks?.sources.flatMap((source) => "rule" in source ? source.rule.then : [])
    .filter((action) => action.do === "webhook" || action.do === "exec").length ?? 0;
  return actions * DEFAULT_QUEUE.maxJobs * (pool?.size ?? 1);
}
