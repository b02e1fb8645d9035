/**
 * How a slot reacts to its worker: what the worker reports, or fails to report, as events of the slot's state machine and
 * as lines in the log.
 *
 * @module
 */

import { protocolFiles } from "../modules/find_protocol.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import type { MemoryGrade } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Backoff } from "./backoff.ts";
import type { DrainResult } from "./drain_tally.ts";
import {
  badMessage,
  crashed,
  exited,
  type Fault,
  listenFailed,
  lost,
  memoryExceeded,
  silent,
  unloadable,
} from "./fault.ts";
import type { SlotEvent, SlotState } from "./lifecycle.ts";
import type { SlotLog } from "./slot_log.ts";
import type { Timing } from "./timing.ts";
import type { RestartReason } from "./automatic_restart.ts";
import type { Dropped } from "./drop_counter.ts";
import type { LifeMessage, WorkerEvents } from "./worker_events.ts";
import { plural } from "../base/plural.ts";

/** What a worker reports once it has loaded. */
export interface LoadedModules {
  endpoints: Endpoint[];
  protocols: string[];
  hooks: HookDescription[];
}

/** The files that a worker's code is made of, as far as it has told. */
export interface ReportedFiles {
  /** Their URLs. */
  urls: readonly string[];
  /** Whether these are all of a code that has loaded. */
  areAll: boolean;
}

/** What the reactions do to their slot. */
export interface ReportTarget {
  readonly state: Readonly<SlotState>;
  /** The pause before the next restart. */
  readonly pauseMs: number;
  /** Where the worker was told to listen. */
  readonly listening: readonly Endpoint[];
  /** Makes the transition; returns whether there was one. */
  apply(event: SlotEvent): boolean;
  loaded(modules: LoadedModules): void;
  /** Takes files of its code besides those taken before. */
  files(files: ReportedFiles): void;
  /** The endpoints that the worker has bound, with real ports. */
  bound(endpoints: Endpoint[]): void;
  drained(result: DrainResult): void;
  /** Keeps an error for the status without a transition to a state of failure. */
  note(error: ErrorRecord): void;
}

/** What the reactions work with. */
export interface ReportOptions {
  backoff: Backoff;
  timing: Timing;
  restart?: (service: string, why: RestartReason) => void;
}

/** How often an instance's high memory is logged. */
const MEMORY_LOG_MS = 10_000;

/** Reacts to the worker of one slot. */
export class WorkerReports implements WorkerEvents {
  readonly #spec: WorkerSpec;
  readonly #slot: ReportTarget;
  readonly #log: SlotLog;
  readonly #options: ReportOptions;
  #grade: MemoryGrade = "ok";
  #memoryLoggedMs = -Infinity;

  constructor(spec: WorkerSpec, slot: ReportTarget, log: SlotLog, options: ReportOptions) {
    this.#spec = spec;
    this.#slot = slot;
    this.#log = log;
    this.#options = options;
  }

  heard(message: LifeMessage): void {
    const { stopTimeoutMs } = this.#options.timing;
    switch (message.type) {
      case "loaded":
        return this.#loaded(message);
      case "load_failed":
        this.#slot.files({ urls: message.files ?? [], areAll: false });
        return this.broken(unloadable(message.error));
      case "imported":
        return this.#slot.files({ urls: message.files, areAll: false });
      case "ready":
        return this.#ready(message.endpoints);
      case "listen_failed":
        return this.#refused(message.error);
      case "unlistened":
        if (!mayAnswer(this.#slot.state)) return this.#unasked(message.type);
        return void this.#slot.apply({ type: "unlistened" });
      case "drained":
        if (!mayAnswer(this.#slot.state)) return this.#unasked(message.type);
        if (this.#slot.state.name === "draining" || this.#slot.state.name === "stopping") {
          this.#slot.drained({ finished: message.finished, cut: message.cut });
        }
        return void this.#slot.apply({ type: "drained", stopTimeoutMs });
      case "stopped":
        if (!mayAnswer(this.#slot.state)) return this.#unasked(message.type);
        return void this.#slot.apply({ type: "stopped" });
      case "exited":
        return this.broken(exited(message.how));
      case "crashed":
        return this.broken(crashed(message.error));
      case "closed":
        // Only the processes of a pool send it, and not to a slot.
        return;
      default:
        return message satisfies never;
    }
  }

  failed(error: unknown): void {
    this.broken(lost(error));
  }

  silent(): void {
    if (this.#slot.state.name === "wedged") return;
    const fault = silent(this.#spec.limits.heartbeatMs);
    if (this.#spec.isolation !== "worker" || !this.#slot.apply({ type: "silent" })) return this.broken(fault);
    this.#slot.note(fault.error);
    this.#log.event(
      "error",
      "{what} and is wedged: its event loop is blocked and it cannot be terminated; isolation: process allows that",
      { ...fault },
    );
  }

  answered(): void {
    if (this.#slot.apply({ type: "answered" })) this.#log.event("info", "answers pings again");
  }

  memory(bytes: number, grade: MemoryGrade): void {
    const { service, limits: { memoryBytes } } = this.#spec;
    const fault = memoryExceeded(bytes, memoryBytes);
    if (grade === "over") return this.broken(fault);
    const rises = grade === "high" && this.#grade !== "high";
    this.#grade = grade;
    if (grade !== "high" || this.#slot.state.name !== "ready") return;
    if (rises && this.#mayLogMemory()) this.#log.event("warning", "{what}", { what: fault.what });
    this.#options.restart?.(service, "memory");
  }

  badMessage(what: string): void {
    this.broken(badMessage(what, "instance"));
  }

  dropped(what: Dropped, count: number): void {
    const messages = plural(count, "message");
    const text = what === "sent"
      ? `sent too much: {count} ${messages} dropped`
      : `reads published messages too slowly: {count} ${messages} dropped`;
    this.#log.event("warning", text, { count });
  }

  /** The worker is unusable. */
  broken(fault: Fault): void {
    const before = this.#slot.state.name;
    const failedBefore = this.#options.backoff.failed;
    if (!this.#slot.apply({ type: "broken", error: fault.error })) return;
    const { name } = this.#slot.state;
    // The caller of a start or restart is told what ended a slot that has never served. All else is logged here.
    if (before === "draining" || before === "stopping") this.#log.fault("warning", fault);
    else if (name !== "ended") {
      const pauseMs = name === "waiting" ? this.#slot.pauseMs : undefined;
      this.#log.crash(fault, { pauseMs, failedBefore });
    }
  }

  /** It has done what it was not told to: its code gave its own isolate orders, and it may not serve any more. */
  #unasked(answer: string): void {
    this.badMessage(`sent ${answer} unasked`);
  }

  #mayLogMemory(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#memoryLoggedMs < MEMORY_LOG_MS) return false;
    this.#memoryLoggedMs = nowMs;
    return true;
  }

  #loaded({ endpoints, protocols, files, hooks = [] }: Extract<LifeMessage, { type: "loaded" }>): void {
    if (this.#slot.state.name !== "loading") return;
    const { listen } = this.#spec;
    const addresses = new Set(listen.map((address) => formatEndpoint(parseEndpoint(address))));
    const foreign = endpoints.map(formatEndpoint).find((address) => !addresses.has(address));
    // With no address in the configuration, those of the module hold.
    if (listen.length > 0 && foreign !== undefined) {
      return this.badMessage(`reported the address ${foreign}, which is not in its configuration`);
    }
    this.#slot.loaded({ endpoints, protocols, hooks });
    this.#slot.files({
      urls: [...files ?? [], ...this.#protocolFiles(endpoints)],
      areAll: files !== undefined,
    });
    this.#slot.apply({ type: "loaded" });
  }

  /** A file of a protocol's name, where there is one, is what its address means from then on. */
  #protocolFiles(endpoints: readonly Endpoint[]): string[] {
    const { protocol, protocols, base } = this.#spec;
    const names = protocol === undefined ? endpoints.map(({ protocol }) => protocol) : [protocol];
    return names.flatMap((name) => protocolFiles(name, { protocols, base }));
  }

  #ready(endpoints: Endpoint[]): void {
    const { state, listening } = this.#slot;
    if (state.name !== "listening") return;
    const asked = endpoints.every((endpoint, index) => isSameBut0(listening[index], endpoint));
    if (endpoints.length !== listening.length || !asked) {
      return this.badMessage("reported addresses that it was not told to listen at");
    }
    this.#slot.bound(endpoints);
    if (this.#slot.apply({ type: "ready" }) && state.revived) this.#log.event("info", "serving again");
  }

  #refused(error: ErrorRecord): void {
    const failedBefore = this.#options.backoff.failed;
    this.#slot.apply({ type: "refused", error, stopTimeoutMs: this.#options.timing.stopTimeoutMs });
    if (this.#slot.state.name !== "waiting") return;
    this.#log.crash(listenFailed(error), { pauseMs: this.#slot.pauseMs, failedBefore });
  }
}

/** Whether a worker in this state may have an order to close its listeners, to drain or to stop left to answer. */
function mayAnswer({ name }: Readonly<SlotState>): boolean {
  return name !== "loading" && name !== "listening" && name !== "ready" && name !== "wedged";
}

/** Whether a worker that was told to listen at an endpoint may report another: only a port that it was free to choose. */
function isSameBut0(told: Endpoint, reported: Endpoint): boolean {
  if (told.transport === "unix" || told.port !== 0) return formatEndpoint(told) === formatEndpoint(reported);
  return reported.transport !== "unix" && formatEndpoint(told) === formatEndpoint({ ...reported, port: 0 });
}
