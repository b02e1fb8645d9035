/**
 * One worker and its messages: handles its heartbeat, its answers to requests, its counters, its topics and its log;
 * passes on what concerns its life.
 *
 * @module
 */

import { ALL_TOPICS, includesTopic, type TopicAccess } from "../spec/topic_access.ts";
import type { RunAction } from "../hooks/action_request.ts";
import type { Bus, Subscriber } from "../service/service_bus.ts";
import type { RestartReason } from "./automatic_restart.ts";
import { Heartbeat } from "./heartbeat.ts";
import { ShapeError } from "../spec/shape.ts";
import { checkFromWorker } from "../spec/worker_message_shapes.ts";
import { DeliveryWindow, MAX_WAITING } from "./delivery_window.ts";
import { DropCounter } from "./drop_counter.ts";
import { FloodGuard, floodLimits } from "./flood_guard.ts";
import { WorkerActions } from "./worker_actions.ts";
import type { WorkerEvents } from "./worker_events.ts";
import { WorkerLog } from "./worker_log.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";
import { connectionPrefix, type WorkerSpec } from "../spec/worker_spec.ts";
import type { PoolStatus } from "../spec/pool_spec.ts";
import { PendingRequests } from "./pending_requests.ts";
import type { Runner, Spawn } from "../isolation/runner.ts";
import { createStats, type ServiceStats } from "../contract/stats.ts";
import type { LogRecord } from "../spec/log_spec.ts";
import type { ServiceLogGate } from "./service_log_gate.ts";
import type { ServiceLimits } from "./service_limits.ts";
import type { Timing } from "./timing.ts";

/** What all workers of a server share. */
export interface WorkerEnvironment {
  spawn: Spawn;
  timing: Timing;
  bus: Bus;
  /** Runs a webhook or a program of one of the service's rules. @default {none is run} */
  runAction?: RunAction;
  /** What counts the connections of a service. @default {its one worker itself} */
  limitsOf?: (service: string) => ServiceLimits;
  /** What writes the log of a service. @default {the log of this isolate} */
  logOf?: (service: string) => ServiceLogGate;
  /** Called when a service is to be restarted. */
  restart?: (service: string, why: RestartReason) => void;
}

/** A worker from its start to its end. After `terminate` no event comes from it. */
export class WorkerLink implements Subscriber {
  readonly #environment: WorkerEnvironment;
  readonly #events: WorkerEvents;
  readonly #runner: Runner;
  readonly #requests: PendingRequests<FromWorker> = new PendingRequests();
  readonly #heartbeat: Heartbeat;
  readonly #actions: WorkerActions;
  readonly #flood: FloodGuard;
  readonly #log: WorkerLog;
  readonly #window: DeliveryWindow = new DeliveryWindow();
  readonly #drops: DropCounter;
  #over = false;
  #stats: ServiceStats = createStats();
  #memoryBytes: number | undefined;
  #pool: PoolStatus | undefined;
  readonly #service: string;
  readonly #idPrefix: string;
  readonly #topics: TopicAccess;
  readonly #limits: ServiceLimits | undefined;
  readonly #spec: WorkerSpec;

  /** Starts a worker and tells it what to load. @throws If it cannot be started. */
  constructor(spec: WorkerSpec, environment: WorkerEnvironment, events: WorkerEvents) {
    this.#environment = environment;
    this.#events = events;
    this.#service = spec.service;
    this.#spec = spec;
    this.#limits = environment.limitsOf?.(spec.service);
    this.#topics = spec.topics ?? ALL_TOPICS;
    this.#idPrefix = connectionPrefix(spec);
    this.#actions = new WorkerActions(spec, environment.runAction);
    this.#flood = new FloodGuard(floodLimits(spec));
    this.#log = new WorkerLog(spec, environment.logOf?.(spec.service));
    this.#drops = new DropCounter((what, count) => events.dropped(what, count));
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
    return this.#over ? { ...this.#stats, open: 0, lingering: 0, closed: closed + open } : this.#stats;
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
    return this.#drops.total;
  }

  post(message: ToWorker): void {
    if (message.type === "ping") this.#window.pinged(message.id);
    else if (message.type === "listen") this.#limits?.open(this, this.#spec.limits);
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
      return this.#drops.add("delivered", 1, performance.now());
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
    this.#limits?.forget(this);
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
        return this.#drops.add("sent", 1, performance.now());
      case "broken":
        return this.#events.badMessage(this.#flood.fault);
    }
  }

  #write(records: readonly LogRecord[]): void {
    const nowMs = performance.now();
    const dropped = this.#log.write(records, nowMs);
    if (dropped > 0) this.#drops.add("sent", dropped, nowMs);
  }

  #connections(message: Extract<FromWorker, { type: "connections" }>): void {
    const foreign = message.connections.find(({ id, service }) =>
      service !== this.#service || !id.startsWith(this.#idPrefix)
    );
    if (foreign === undefined) return this.#requests.answer(message.id, message);
    this.#events.badMessage(`listed a connection that is not its own: ${JSON.stringify(foreign.id)}`);
  }

  #act({ id, request }: Extract<FromWorker, { type: "act" }>): void {
    if (this.#actions.run(request, () => this.post({ type: "acted", id }))) return;
    this.#events.badMessage("asked for more actions at once than its rules have");
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
      case "want":
        return this.#limits?.want(this, message.waiting, message);
      case "returned":
        return this.#limits?.returned(this, message.connections);
      case "claim":
        return this.#limits?.claim(this, message.peers, message.gone);
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
        return this.#write(message.records);
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
      case "imported":
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
