/**
 * The processes of a pool: as many as connections need, a few spare ones, and never more than the pool's size. A process
 * counts until it has ended.
 *
 * What can fail: a process does not load, or ends before it has had a connection (another is started after a pause that
 * doubles); everything else concerns the connection that it serves, and is handled there.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { join } from "@std/path";
import { mergePermissions } from "../spec/permissions.ts";
import { serviceLog } from "../log/log.ts";
import type { FileBackup, WorkerSpec } from "../spec/worker_spec.ts";
import { backUpFiles, namesFiles } from "../transport/file_backup.ts";
import { createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";
import { pauseAfter } from "../supervisor/backoff.ts";
import { type Fault, unstartable } from "../supervisor/fault.ts";
import { InstanceError } from "../isolation/instance_error.ts";
import { formatDuration } from "../base/units.ts";
import type { Dropped } from "../supervisor/drop_counter.ts";
import type { WorkerEnvironment } from "../supervisor/worker_link.ts";
import { plural } from "../base/plural.ts";
import { type Loaded, PoolProcess, type PoolProcessEvents, type PoolProcessState } from "./pool_process.ts";
import { missing, type PoolSpec, type PoolStatus } from "../spec/pool_spec.ts";

/** The first pause before another process is started; it doubles each time. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** At most this many start at the same time: each takes a core. */
const AT_ONCE = Math.max(2, navigator.hardwareConcurrency);

/** What the processes of a pool are made from. */
export interface ProcessesOptions {
  /** That of the instance. */
  spec: WorkerSpec;
  environment: WorkerEnvironment;
  /** Called when a process is spare. */
  ready(): void;
}

/** Keeps the processes of a pool. */
export class Processes implements PoolProcessEvents {
  readonly #options: ProcessesOptions;
  readonly #pool: PoolSpec;
  readonly #all: Map<number, PoolProcess> = new Map();
  readonly #loaded: PromiseWithResolvers<Loaded> = Promise.withResolvers();
  #hasLoaded = false;
  #spare: number;
  #waiting = 0;
  #failures = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #backup: FileBackup | undefined;
  /** The counters of processes that have ended. */
  #past: ServiceStats = createStats();

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.#pool = options.spec.pool!;
    this.#spare = this.#pool.spare;
  }

  get busy(): PoolProcess[] {
    return this.#in("busy");
  }

  /** The counters of all processes; connections are counted where they are accepted. */
  get stats(): ServiceStats {
    const sum = mergeStats([this.#past, ...[...this.#all.values()].map(({ stats }) => stats)]);
    return { ...sum, open: 0, lingering: 0, accepted: 0, refused: 0, closed: 0 };
  }

  get status(): Omit<PoolStatus, "waiting"> {
    return {
      processes: this.#all.size,
      busy: this.busy.length,
      spare: this.#in("spare").length,
      memoryBytes: Math.min(
        Number.MAX_SAFE_INTEGER,
        [...this.#all.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      ),
    };
  }

  /** Starts the spare processes. Settles with the report of the first one that loads. @throws {InstanceError} If none does. */
  load(): Promise<Loaded> {
    // At least one must report what the service is.
    this.#spare = Math.max(1, this.#spare);
    this.#tend();
    this.#loaded.promise.then(() => this.#spare = this.#pool.spare, () => {});
    return this.#loaded.promise;
  }

  /** Takes the number of connections that wait. */
  want(waiting: number): void {
    this.#waiting = waiting;
    this.#tend();
  }

  /** The spare process that has waited longest. */
  take(): PoolProcess | undefined {
    const [process] = this.#in("spare");
    if (process !== undefined) this.#failures = 0;
    return process;
  }

  /** From now on keeps processes only for connections that wait. */
  retire(): void {
    this.#spare = 0;
    this.#tend();
    for (const process of this.#in("spare").slice(this.#waiting)) process.stop();
  }

  /** Tells all to stop, and kills those that do not. Settles once none runs. */
  async stop(): Promise<void> {
    this.#end();
    for (const process of this.#all.values()) process.stop();
    await this.#allGone();
  }

  /** Kills all. Settles once none runs. */
  async kill(): Promise<void> {
    this.#end();
    for (const process of this.#all.values()) process.kill();
    await this.#allGone();
  }

  /** Brings their counters up to date. */
  async refresh(): Promise<void> {
    await Promise.all(this.busy.map((process) => process.refresh()));
  }

  loaded(_process: PoolProcess, message: Loaded): void {
    if (!this.#hasLoaded) this.#backUp();
    this.#hasLoaded = true;
    this.#loaded.resolve(message);
    this.#options.ready();
    this.#tend();
  }

  broken(_process: PoolProcess, fault: Fault, before: PoolProcessState): void {
    const { error, what } = fault;
    if (before === "starting" || before === "spare") return this.#wasted(fault);
    if (before === "ending") this.#log.warning("A process {what}", { what, error });
  }

  dropped(_process: PoolProcess, what: Dropped, count: number): void {
    const text = what === "sent" ? "sent too much" : "reads published messages too slowly";
    this.#log.warning(`A process ${text}: {count} ${plural(count, "message")} dropped`, { count });
  }

  gone(process: PoolProcess): void {
    this.#all.delete(process.place);
    this.#past = mergeStats([this.#past, process.stats]);
    remove(process.handoffSocket);
    this.#tend();
  }

  /** Keeps what the files contain now that a process can use them: those that start later may not. */
  #backUp(): void {
    const { spec } = this.#options;
    if (namesFiles(spec)) backUpFiles(spec).then((backup) => this.#backup = backup);
  }

  /** Starts what is missing. */
  #tend(): void {
    if (this.#over || this.#pause !== undefined) return;
    const count = {
      processes: this.#all.size,
      starting: this.#in("starting").length,
      spare: this.#in("spare").length,
      waiting: this.#waiting,
    };
    const { size } = this.#pool;
    const number = missing(count, { size, spare: this.#spare }, AT_ONCE);
    for (let i = 0; i < number && this.#pause === undefined; i++) this.#start();
  }

  #start(): void {
    let place = 0;
    while (this.#all.has(place)) place++;
    const { spec, environment } = this.#options;
    const handoffSocket = join(this.#pool.folder!, `${place}.sock`);
    remove(handoffSocket);
    try {
      const backup = this.#backup ?? spec.backup;
      const own = { ...specOf(spec, handoffSocket), ...(backup ? { backup } : {}) };
      this.#all.set(place, new PoolProcess(place, own, environment, this));
    } catch (error) {
      this.#wasted(unstartable(error));
    }
  }

  /** A process failed before it had a connection: another one is started after a pause. */
  #wasted({ error, what }: Fault): void {
    if (!this.#hasLoaded) {
      this.#end();
      return this.#loaded.reject(new InstanceError(error));
    }
    const pauseMs = pauseAfter(this.#failures++, FIRST_PAUSE_MS, { maxMs: LONGEST_PAUSE_MS });
    this.#log.error("A spare process {what}; starting another in {pause}", {
      what,
      pause: formatDuration(pauseMs),
      error,
    });
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#tend();
    }, pauseMs);
  }

  get #log(): Logger {
    return serviceLog(this.#options.spec.service);
  }

  #in(state: PoolProcessState): PoolProcess[] {
    return [...this.#all.values()].filter((process) => process.state === state);
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#pause);
  }

  async #allGone(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ gone }) => gone));
  }
}

/** The specification of a process: that of the instance, without its acceptor and pool. */
function specOf(spec: WorkerSpec, handoffSocket: string): WorkerSpec {
  // It starts them as the user that it runs as itself.
  const { pool, acceptProxyProtocol: _, user: __, group: ___, ...rest } = spec;
  return {
    ...rest,
    handoffSocket,
    permissions: mergePermissions(pool?.permissions ?? spec.permissions, {
      read: [handoffSocket],
      write: [handoffSocket],
      net: [`unix:${handoffSocket}`],
    }),
    limits: { ...spec.limits, maxConnectionsPerAddress: 0, maxConnectionsPerNetwork: 0 },
  };
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it does not exist */ }
}
