/**
 * One process of a pool, for one connection: it loads the service's code, waits, serves, and is ended, so that nothing of
 * one connection remains for the next.
 *
 * ```text
 * state     what happens                    next state
 * starting  loaded                          spare
 * spare     serve                           busy
 * busy      its connection is over, stop    ending
 * any       stop (it is asked, then killed) ending
 * any       broken: crash, exit, silence, too much memory, a deadline passed, a bad message   ending
 * ending    its process has ended           gone
 * ```
 *
 * @module
 */

import type { FromWorker, MemoryGrade } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { ConnectionInfo, ServiceStats } from "../contract/stats.ts";
import {
  badMessage,
  crashed,
  exited,
  type Fault,
  lost,
  memoryExceeded,
  overdue,
  silent,
  unloadable,
} from "../supervisor/fault.ts";
import type { Dropped } from "../supervisor/drop_counter.ts";
import type { LifeMessage } from "../supervisor/worker_events.ts";
import { type WorkerEnvironment, WorkerLink } from "../supervisor/worker_link.ts";
import type { HandedPeer } from "../spec/pool_spec.ts";

/** What a process reports once it has loaded. */
export type Loaded = Extract<FromWorker, { type: "loaded" }>;

export type PoolProcessState = "starting" | "spare" | "busy" | "ending" | "gone";

/** What a pool hears of its processes. */
export interface PoolProcessEvents {
  loaded(process: PoolProcess, message: Loaded): void;
  /** It is unusable and was killed. `before` is its state before that. */
  broken(process: PoolProcess, fault: Fault, before: PoolProcessState): void;
  /** Messages to it or from it were dropped. */
  dropped(process: PoolProcess, what: Dropped, count: number): void;
  /** Its process has ended. */
  gone(process: PoolProcess): void;
}

/** How long a process may take to stop once its connection has ended, `onStop` included. */
const STOP_MS = 4000;

/** A process from its start to its end. */
export class PoolProcess {
  /** Its place among the processes of the pool. */
  readonly place: number;
  readonly #spec: WorkerSpec;
  readonly #environment: WorkerEnvironment;
  readonly #events: PoolProcessEvents;
  readonly #over: PromiseWithResolvers<Fault | undefined> = Promise.withResolvers();
  readonly #gone: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #link: WorkerLink;
  #state: PoolProcessState = "starting";
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #killed = false;

  /** Starts it. @throws {InstanceError} If no process can be started. */
  constructor(place: number, spec: WorkerSpec, environment: WorkerEnvironment, events: PoolProcessEvents) {
    this.place = place;
    this.#spec = spec;
    this.#environment = environment;
    this.#events = events;
    this.#link = new WorkerLink(spec, environment, {
      heard: (message) => this.#heard(message),
      failed: (error) => this.#break(lost(error)),
      silent: () => this.#break(silent(spec.limits.heartbeatMs, "process")),
      answered: () => {},
      memory: (bytes, grade) => this.#memory(bytes, grade),
      badMessage: (what) => this.#break(badMessage(what, "process")),
      dropped: (what, count) => events.dropped(this, what, count),
    });
    this.#within(environment.timing.loadTimeoutMs, "loading");
  }

  get state(): PoolProcessState {
    return this.#state;
  }

  get stats(): ServiceStats {
    return this.#link.stats;
  }

  get memoryBytes(): number {
    return this.#link.memoryBytes ?? 0;
  }

  /** Where it waits for its connection. */
  get handoffSocket(): string {
    return this.#spec.handoffSocket!;
  }

  /** Settles once its connection has ended; with the fault, if its process failed. */
  get over(): Promise<Fault | undefined> {
    return this.#over.promise;
  }

  /** Settles once its process has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Serves this peer; its connection is the next one at the hand-off socket. */
  serve(peer: HandedPeer): void {
    this.#state = "busy";
    this.#link.post({ type: "serve", peer });
  }

  /** Its peer has reset the connection. */
  reset(): void {
    if (this.#state !== "busy") return;
    this.#link.post({ type: "reset" });
    this.#within(STOP_MS, "busy with a connection that was reset");
  }

  /** Lets its connection finish within a time. */
  drain(timeoutMs: number): void {
    if (this.#state === "busy") this.#link.post({ type: "drain", timeoutMs });
  }

  /** Asks it to stop, and kills it if it does not. */
  stop(): void {
    if (this.#state === "starting") return this.kill();
    if (this.#state !== "spare" && this.#state !== "busy") return;
    this.#state = "ending";
    this.#link.post({ type: "stop" });
    this.#within(STOP_MS, "stopping");
  }

  /** Ends it at once. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    clearTimeout(this.#deadline);
    this.#state = "ending";
    this.#link.terminate();
    this.#over.resolve(undefined);
    this.#link.ended.then(() => {
      this.#state = "gone";
      this.#gone.resolve();
      this.#events.gone(this);
    });
  }

  /** Brings its counters up to date. */
  async refresh(): Promise<void> {
    await this.#link.request("ping");
  }

  /** Its connection, as it reports it; none if it does not answer in time. */
  async connections(): Promise<ConnectionInfo[]> {
    const answer = await this.#link.request("connections");
    return answer?.type === "connections" ? answer.connections : [];
  }

  #heard(message: LifeMessage): void {
    switch (message.type) {
      case "loaded":
        if (this.#state !== "starting") return;
        clearTimeout(this.#deadline);
        this.#state = "spare";
        this.#link.watch();
        return this.#events.loaded(this, message);
      case "load_failed":
        return this.#break(unloadable(message.error));
      case "closed":
        this.#over.resolve(undefined);
        return this.stop();
      case "stopped":
        return this.kill();
      case "exited":
        return this.#break(exited(message.how));
      case "crashed":
        return this.#break(crashed(message.error));
      case "imported":
      case "ready":
      case "listen_failed":
      case "unlistened":
      case "drained":
        return;
      default:
        message satisfies never;
    }
  }

  #memory(bytes: number, grade: MemoryGrade): void {
    if (grade === "over") this.#break(memoryExceeded(bytes, this.#spec.limits.memoryBytes, "process"));
  }

  #within(timeoutMs: number, state: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#break(overdue(state, timeoutMs, "process")), timeoutMs);
  }

  #break(fault: Fault): void {
    const before = this.#state;
    if (before === "busy") this.#over.resolve(fault);
    this.kill();
    this.#events.broken(this, fault, before);
  }
}
