/**
 * The workers of one slot, one after the other, and what lasts from one to the next: the counters, the count of
 * connections in a drain, the contents of certificates that could be used.
 *
 * @module
 */

import type { ServiceStats } from "../contract/stats.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { FileBackup, WorkerSpec } from "../spec/worker_spec.ts";
import { backUpFiles, isSameBackup, namesFiles } from "../transport/file_backup.ts";
import { CodeFiles } from "./code_files.ts";
import type { DigestFile } from "./file_digest.ts";
import { includesPath } from "../spec/permissions.ts";
import { DrainTally } from "./drain_tally.ts";
import { SlotCounters } from "./slot_counters.ts";
import type { WorkerEvents } from "./worker_events.ts";
import { type WorkerEnvironment, WorkerLink } from "./worker_link.ts";

/** Starts the workers of one slot, and ends them. */
export class SlotWorkers {
  readonly tally: DrainTally = new DrainTally();
  readonly counters: SlotCounters = new SlotCounters();
  readonly #spec: WorkerSpec;
  readonly #environment: WorkerEnvironment;
  readonly #events: WorkerEvents;
  #present: WorkerLink | undefined;
  #code: CodeFiles = new CodeFiles(Infinity);
  /** Settles once nothing runs of the workers before the present one. */
  #gone: Promise<unknown> = Promise.resolve();
  #backup: FileBackup | undefined;
  /** How many there have been. */
  #spawned = 0;

  constructor(spec: WorkerSpec, environment: WorkerEnvironment, events: WorkerEvents) {
    this.#spec = spec;
    this.#environment = environment;
    this.#events = events;
  }

  /** The one that runs, if one does. */
  get present(): WorkerLink | undefined {
    return this.#present;
  }

  /** The files of the code of the present one, or of the latest. */
  get code(): CodeFiles {
    return this.#code;
  }

  /** Whether one that started now would surely have the same code and use the same certificates. */
  async isUnchanged(digest: DigestFile): Promise<boolean> {
    if (!await this.#code.isUnchanged(digest)) return false;
    if (!namesFiles(this.#spec)) return true;
    const files = await backUpFiles(this.#spec);
    return files !== undefined && isSameBackup(files, this.#backup);
  }

  /** Settles once nothing runs of those that were terminated. */
  get gone(): Promise<unknown> {
    return this.#gone;
  }

  /** The counters of all of them. */
  get stats(): ServiceStats {
    return this.counters.sum(this.#present?.stats);
  }

  /** Starts one. @throws If it cannot be started. */
  spawn(): void {
    const predecessors = this.#spawned++;
    const spec: WorkerSpec = {
      ...this.#spec,
      ...(predecessors === 0 ? {} : { predecessors }),
      ...(this.#backup ? { backup: this.#backup } : {}),
    };
    this.#code = new CodeFiles(Date.now(), { mayRead: (path) => includesPath(spec.permissions?.read, path) });
    this.#present = new WorkerLink(spec, this.#environment, this.#events);
  }

  /** Posts an order. Those that end connections are counted: the ones last reported, then those of an answer to a ping. */
  order(message: ToWorker): void {
    const worker = this.#present;
    if (!worker) return;
    const { type } = message;
    if (type === "drain" || type === "stop") {
      this.tally.ordered(type, worker.stats.open);
      worker.request("ping").then((answer) => {
        if (answer?.type === "pong") this.tally.ordered(type, answer.stats.open);
      });
    }
    worker.post(message);
  }

  /** Ends the present one at once. */
  terminate(): void {
    if (!this.#present) return;
    this.#present.terminate();
    this.#gone = Promise.all([this.#gone, this.#present.ended]);
    this.counters.add(this.#present.stats);
    this.#present = undefined;
  }

  /** The present one serves: keeps what the service's files contain now that it could use them; the next may not. */
  serves(): void {
    this.tally.reset();
    if (!namesFiles(this.#spec)) return;
    backUpFiles(this.#spec).then((backup) => this.#backup = backup ?? this.#backup);
  }
}
