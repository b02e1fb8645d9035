/**
 * The servers of one scenario: started, awaited, asked for load, stopped.
 *
 * @module
 */

import { BARE, type Contestant, contestantOf } from "./contestants.ts";
import type { Sample } from "./figures.ts";
import { ProcessError, type Processes, type StartedProcess } from "./processes.ts";
import { usageOf } from "./process_tree.ts";
import type { Effort } from "./scenario.ts";
import type { Toolbox } from "./toolbox.ts";
import { askOnce, type Format } from "./wire.ts";

/** How long a server may take until it answers. */
const START_MS = 30_000;
const RETRY_MS = 25;
/** How much longer than asked a generator may take. */
const OVERTIME_MS = 20_000;

/** What {@linkcode Stage.warmUp} loads a server with. */
const WARM_UP = { connections: 50, pipeline: 4, bytes: 64 };

/** What a run has in common. */
export interface Bench {
  toolbox: Toolbox;
  processes: Processes;
  effort: Effort;
  /** Shows what goes on. */
  say(line: string): void;
}

/** A server that answers. */
export interface RunningServer {
  port: number;
  format: Format;
  process: StartedProcess;
}

/** How a server is started. */
export interface ServerOptions {
  upstreamPort?: number;
  control?: string;
  /** @default {the server's core} */
  core?: number;
}

/** What a generator is to do. */
export interface Load {
  connections: number;
  pipeline: number;
  /** Of a request, with what delimits it; `"mix"` for log-normal sizes about 100 bytes. */
  bytes: number | "mix";
  /** @default {the effort's} */
  seconds?: number;
  /** So many of the connections ask at a time, in turn. @default {all} */
  asking?: number;
  /** The most bytes of a write, of which there are as many as it takes. @default {all that is to be sent} */
  trickle?: number;
  /** Whether each request has a connection of its own. @default {false} */
  churn?: boolean;
}

/** The servers of one scenario. */
export class Stage implements AsyncDisposable {
  readonly bench: Bench;
  readonly #servers: RunningServer[] = [];
  readonly #used = new AsyncDisposableStack();

  constructor(bench: Bench) {
    this.bench = bench;
  }

  /** Keeps something beside the servers until the stage closes. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#used.use(resource);
  }

  /** Those of these contestants that this machine has. */
  present(contestants: readonly Contestant[]): Contestant[] {
    return contestants.filter((each) => each.missing?.(this.bench.toolbox) === undefined);
  }

  /**
   * Starts a contestant and waits until it answers.
   *
   * @throws {ProcessError} If it ends or does not answer in time.
   */
  async start(
    contestant: Contestant,
    format: Format,
    options: ServerOptions = {},
  ): Promise<RunningServer> {
    const { toolbox, processes } = this.bench;
    const { core = toolbox.cores.server, upstreamPort, control } = options;
    const place = { port: freePort(), format, toolbox, upstreamPort, control };
    const process = processes.start(await contestant.command(place), {
      core,
      env: contestant.env?.(place),
    });
    process.ignoreOutput();
    const server = { port: place.port, format, process };
    this.#servers.push(server);
    await this.#answered(contestant.name, server);
    return server;
  }

  /** Starts what stands behind proxies: the fastest echo that there is. */
  async startUpstream(): Promise<RunningServer> {
    const { toolbox } = this.bench;
    const contestant = contestantOf("path" in toolbox.floor ? "C echo" : BARE);
    return await this.start(contestant, "text", { core: toolbox.cores.upstream });
  }

  /** Loads a server; the processor time that it takes a request is measured beside. */
  async load(server: RunningServer, load: Load): Promise<Sample> {
    const { toolbox, processes, effort } = this.bench;
    const seconds = load.seconds ?? effort.seconds;
    const command = [
      ...(load.churn ? toolbox.churn : toolbox.load),
      ...["127.0.0.1", server.port, load.connections, load.pipeline, seconds, server.format, load.bytes],
      ...(load.asking === undefined && load.trickle === undefined ? [] : [load.asking ?? load.connections]),
      ...(load.trickle === undefined ? [] : [load.trickle]),
    ].map(String);
    const before = await usageOf(server.process.pid);
    const began = performance.now();
    const generator = processes.start(command, { core: toolbox.cores.load });
    const timer = setTimeout(() => generator.stop(), seconds * 1200 + OVERTIME_MS);
    const output = await generator.output();
    clearTimeout(timer);
    const took = performance.now() - began;
    const after = await usageOf(server.process.pid);
    const { success } = await generator.ended;
    if (!success) {
      const ended = server.process.isOver ? `, the server has ended: ${server.process.complaint}` : "";
      throw new ProcessError(`The generator failed: ${generator.complaint || "no answers in time"}${ended}`);
    }
    const sample: Sample = JSON.parse(output);
    if (before !== undefined && after !== undefined && sample.perSecond! > 0) {
      sample.cpu = (after.cpuMs - before.cpuMs) / took / sample.perSecond! * 1e6;
    }
    return sample;
  }

  /** Loads a server for long enough that its code has been compiled; nothing of it counts. */
  async warmUp(server: RunningServer): Promise<void> {
    await this.load(server, { ...WARM_UP, seconds: this.bench.effort.seconds });
  }

  /** Stops one server before the stage closes. */
  async stop(server: RunningServer): Promise<void> {
    await server.process.stop();
    this.#servers.splice(this.#servers.indexOf(server), 1);
  }

  /** Stops all servers, then whatever else was used. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map(({ process }) => process.stop()));
    await this.#used.disposeAsync();
  }

  async #answered(name: string, { port, format, process }: RunningServer): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      if (process.isOver) throw new ProcessError(`Cannot start ${name}: ${process.complaint}`);
      try {
        const [connection, reply] = await askOnce(port, format);
        connection.close();
        if (format === "jsonnl" && !reply.startsWith('{"code":0') && !reply.startsWith('{"type"')) {
          throw new ProcessError(`Cannot measure ${name}: it answers ${reply}`);
        }
        return;
      } catch (error) {
        if (error instanceof ProcessError) throw error;
        if (performance.now() > deadline) {
          throw new ProcessError(`Cannot start ${name}: no answer within ${START_MS / 1000} s`);
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

/** A port that nobody listens at; somebody may before it is used, which shows as a server that does not start. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
