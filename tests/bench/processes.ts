/**
 * The processes that a run starts: every one is known by its id and stopped in the end, whatever happens.
 *
 * @module
 */

import { treeOf } from "./process_tree.ts";

/** How long a process may take to end when it is asked to. */
const GRACE_MS = 3000;
/** How much of what a process complains is kept. */
const COMPLAINT_CHARS = 4000;

/** How {@linkcode Processes.start} starts one. */
export interface StartOptions {
  /** The CPU it is pinned to; any without. */
  core?: number;
  cwd?: string;
  env?: Record<string, string>;
}

/** A process that did not do what it was started for. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
  readonly code = "process_failed";
}

/** One process that was started here. */
export class StartedProcess {
  readonly pid: number;
  /** Settles when it has ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #complaining: Promise<void>;
  #complaint = "";
  #isOver = false;

  constructor(command: string[], { core, cwd, env }: StartOptions) {
    const [program, ...args] = core === undefined ? command : ["taskset", "-c", String(core), ...command];
    this.#process = new Deno.Command(program, {
      args,
      cwd,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    this.ended = this.#process.status.then((status) => {
      this.#isOver = true;
      return status;
    });
    this.#complaining = this.#listen();
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The last that it wrote to its standard error. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  /** Reads what it writes to its standard output, until it ends. */
  async output(): Promise<string> {
    const [output] = await Promise.all([
      new Response(this.#process.stdout).text(),
      this.#complaining,
      this.ended,
    ]);
    return output;
  }

  /** Lets what it writes to its standard output go. */
  ignoreOutput(): void {
    this.#process.stdout.pipeTo(new WritableStream()).catch(() => {});
  }

  /** Asks it to end, and ends it with all its descendants if it does not. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    const tree = await treeOf(this.pid);
    kill(this.pid, "SIGTERM");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<true>((resolve) => timer = setTimeout(resolve, GRACE_MS, true));
    if (await Promise.race([late, this.ended]) === true) { for (const pid of tree) kill(pid, "SIGKILL"); }
    clearTimeout(timer);
    await this.ended;
  }

  async #listen(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#complaint = (this.#complaint + text).slice(-COMPLAINT_CHARS);
    }
  }
}

/** All processes of a run. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<StartedProcess>();
  #isClosed = false;

  /**
   * Starts a process.
   *
   * @throws {ProcessError} If the run is over.
   * @throws {Deno.errors.NotFound} If there is no such program.
   */
  start(command: string[], options: StartOptions = {}): StartedProcess {
    if (this.#isClosed) throw new ProcessError(`Cannot start ${command[0]}: the run is over`);
    const process = new StartedProcess(command, options);
    this.#running.add(process);
    process.ended.then(() => this.#running.delete(process));
    return process;
  }

  /** Stops all that run, and starts no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running].map((process) => process.stop()));
  }
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch { /* It has just ended. */ }
}
