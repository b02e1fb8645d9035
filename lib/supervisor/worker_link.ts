/**
 * One worker and its messages: handles its heartbeat, its answers to requests, its counters, its topics and its log;
 * passes on what concerns its life.
 *
 * @module
 */

import { ALL_TOPICS, includesTopic, type TopicAccess } from "../spec/topic_access.ts";
import type { Bus, Subscriber } from "../service/service_bus.ts";
import { DEFAULT_QUEUE } from "../hooks/action_queue.ts";
import { isServerAction, type RunAction } from "../hooks/action_request.ts";
import type { RestartReason } from "./automatic_restart.ts";
import { Heartbeat } from "./heartbeat.ts";
import { emitRecords, lengthOf } from "../log/log_record.ts";
import { RateWindow } from "../spec/rate_window.ts";
import { ShapeError } from "../spec/shape.ts";
import { checkFromWorker } from "../spec/worker_message_shapes.ts";
import { DeliveryWindow, MAX_WAITING } from "./delivery_window.ts";
import { FloodGuard, floodLimits } from "./flood_guard.ts";
import type { FromWorker, MemoryGrade, ToWorker } from "../spec/worker_messages.ts";
import { connectionPrefix, type WorkerSpec } from "../spec/worker_spec.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";
import { PendingRequests } from "./pending_requests.ts";
import type { Runner, Spawn } from "../isolation/runner.ts";
import { createStats, type ServiceStats } from "../contract/stats.ts";
import type { LogRecord } from "../spec/log_spec.ts";
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
  /** It sent what no worker of ours sends: its service's code did. It is to be ended. */
  badMessage(what: string): void;
  /** Messages to it or from it were dropped, so many since the last call. Called at most every ten seconds. */
  dropped(what: Dropped, count: number): void;
}

/** What is dropped: published messages that a worker does not read, or messages of one that sends too many. */
export type Dropped = "delivered" | "sent";

/** How often dropped messages are reported. */
const DROPS_REPORT_MS = 10_000;
/** At most so much is logged for one worker in a second, in UTF-16 units; what its own log would send is less. */
const MAX_LOGGED = 4 * 1024 ** 2;
/** The same for a process of a pool: it shares the log of its instance with the others. */
const MAX_LOGGED_BY_PROCESS = 256 * 1024;

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
  readonly #flood: FloodGuard;
  readonly #logged: RateWindow;
  readonly #window: DeliveryWindow = new DeliveryWindow();
  readonly #drops: Record<Dropped, { unreported: number; reportedMs: number }> = {
    delivered: { unreported: 0, reportedMs: -Infinity },
    sent: { unreported: 0, reportedMs: -Infinity },
  };
  #dropped = 0;
  #over = false;
  #stats: ServiceStats = createStats();
  #memoryBytes: number | undefined;
  #pool: PoolStatus | undefined;
  readonly #service: string;
  readonly #idPrefix: string;
  readonly #topics: TopicAccess;

  /** Starts a worker and tells it what to load. @throws If it cannot be started. */
  constructor(spec: WorkerSpec, environment: WorkerEnvironment, events: WorkerEvents) {
    this.#environment = environment;
    this.#events = events;
    this.#service = spec.service;
    this.#topics = spec.topics ?? ALL_TOPICS;
    this.#idPrefix = connectionPrefix(spec);
    this.#maxActions = maxActions(spec);
    this.#flood = new FloodGuard(floodLimits(spec));
    const mostLogged = spec.handoffSocket === undefined ? MAX_LOGGED : MAX_LOGGED_BY_PROCESS;
    this.#logged = new RateWindow(spec.logFlood === 0 ? Infinity : mostLogged);
    this.#heartbeat = new Heartbeat(
      { limitMs: spec.limits.heartbeatMs, missed: environment.timing.heartbeatsMissed },
      () => this.#ping(),
      () => events.silent(),
    );
    this.#runner = environment.spawn({
      message: (value) => {
        if (!this.#over) this.#take(value);
      },
      badMessage: (what) => {
        if (!this.#over) events.badMessage(`sent a bad message: ${what}`);
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

  /** How many messages to it and from it were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  post(message: ToWorker): void {
    if (message.type === "ping") this.#window.pinged(message.id);
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

  /** Delivers a message of a topic that this worker subscribed; drops it if too much waits for the worker already. */
  deliver(topic: string, json: string): void {
    if (this.#runner.queuedBytes > MAX_WAITING || !this.#window.send(topic.length + json.length)) {
      return this.#drop("delivered");
    }
    this.post({ type: "published", topic, json });
    if (this.#window.wantsPing) this.#ping();
  }

  /** Ends it at once. */
  terminate(): void {
    this.#over = true;
    this.#runner.terminate();
    this.#heartbeat.stop();
    this.#environment.bus.forget(this);
    this.#requests.cancelAll();
  }

  #ping(): void {
    this.post({ type: "ping", id: this.#requests.nextId() });
  }

  /** The service's code can send anything: nothing of it is believed, and nothing of it harms others. */
  #take(value: unknown): void {
    let message;
    try {
      message = checkFromWorker(value);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      return this.#events.badMessage(`sent a bad message: ${error.message}`);
    }
    switch (this.#flood.take(message, performance.now())) {
      case "take":
        return this.#heard(message);
      case "drop":
        return this.#drop("sent");
      case "broken":
        return this.#events.badMessage(this.#flood.fault);
    }
  }

  #drop(what: Dropped, count = 1): void {
    const drops = this.#drops[what];
    this.#dropped += count;
    drops.unreported += count;
    const nowMs = performance.now();
    if (nowMs - drops.reportedMs < DROPS_REPORT_MS) return;
    this.#events.dropped(what, drops.unreported);
    drops.unreported = 0;
    drops.reportedMs = nowMs;
  }

  #log(records: readonly LogRecord[]): void {
    const nowMs = performance.now();
    const fitting = records.filter((record) => this.#logged.take(lengthOf(record), nowMs));
    emitRecords(fitting, { service: this.#service, timestamp: Date.now() });
    if (fitting.length < records.length) this.#drop("sent", records.length - fitting.length);
  }

  #connections(message: Extract<FromWorker, { type: "connections" }>): void {
    const foreign = message.connections.find(({ id, service }) =>
      service !== this.#service || !id.startsWith(this.#idPrefix)
    );
    if (foreign === undefined) return this.#requests.answer(message.id, message);
    this.#events.badMessage(`listed a connection that is not its own: ${JSON.stringify(foreign.id)}`);
  }

  #act(message: Extract<FromWorker, { type: "act" }>): void {
    if (++this.#actions > this.#maxActions) {
      return this.#events.badMessage("asked for more actions at once than its rules have");
    }
    this.#environment.runAction?.(message.request).then(() => {
      this.#actions--;
      this.post({ type: "acted", id: message.id });
    });
  }

  /** Its own isolate refuses such a topic, so that this did not come by its context. */
  #deniedTopic({ type, topic }: { type: string; topic: string }): void {
    this.#events.badMessage(
      `sent ${type} for a topic that its permissions do not name: ${JSON.stringify(topic)}`,
    );
  }

  #heard(message: FromWorker): void {
    const { bus } = this.#environment;
    switch (message.type) {
      case "pong":
        this.#heartbeat.answered();
        this.#window.answered(message.id);
        this.#stats = message.stats;
        this.#pool = message.pool;
        this.#events.answered();
        return this.#requests.answer(message.id, message);
      case "connections":
        return this.#connections(message);
      case "act":
        return this.#act(message);
      case "publish":
        if (!includesTopic(this.#topics.publish, message.topic)) return this.#deniedTopic(message);
        return bus.publish(this, message.topic, message.json);
      case "subscribe":
        if (!includesTopic(this.#topics.subscribe, message.topic)) return this.#deniedTopic(message);
        if (!bus.subscribe(this, message.topic)) this.#events.badMessage("subscribed to too many topics");
        return;
      case "unsubscribe":
        return bus.unsubscribe(this, message.topic);
      case "log":
        return this.#log(message.records);
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
    }
  }
}

/** How many actions of rules an instance may have under way, those of all processes of its pool together. */
function maxActions({ hooks, pool }: WorkerSpec): number {
  const actions = hooks?.sources.flatMap((source) => "rule" in source ? source.rule.then : [])
    .filter(isServerAction).length ?? 0;
  return actions * DEFAULT_QUEUE.maxJobs * (pool?.size ?? 1);
}
