/**
 * A redis server of one's own, for as long as a test runs.
 *
 * @module
 */

import { join } from "@std/path";
import { soon } from "./wire.ts";

/** What of redis' programs (Debian: redis-server, redis-tools) is missing here. In CI nothing may be. */
export const lacksRedis: boolean = Deno.env.get("CI") === undefined &&
  !["redis-server", "redis-cli", "redis-benchmark"].every(isInstalled);

/** The servers that are installed, Redis or compatible. */
export const redisServers: readonly string[] = ["redis-server", "valkey-server"].filter((program) =>
  program === "redis-server" || isInstalled(program)
);

/** A server without persistence, at a unix socket. */
export class RedisServer implements AsyncDisposable {
  /** The socket's path. */
  readonly path: string;
  readonly #directory: string;
  readonly #process: Deno.ChildProcess;
  #gone: Promise<unknown> | undefined;

  /** What it is started by. */
  readonly program: string;

  constructor(directory: string, program = "redis-server", args: string[] = []) {
    this.#directory = directory;
    this.program = program;
    this.path = join(directory, "redis.sock");
    const quiet = ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"];
    this.#process = new Deno.Command(program, {
      args: ["--port", "0", "--unixsocket", this.path, "--dir", directory, ...quiet, ...args],
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /** Starts one; settles when it answers. */
  static async start(program?: string, args?: string[]): Promise<RedisServer> {
    const server = new RedisServer(await Deno.makeTempDir(), program, args);
    await soon(server.#ready(), `the start of ${server.program}`);
    return server;
  }

  /** Waits for its word that it is ready, and then reads on so that its log has somewhere to go. */
  async #ready(): Promise<void> {
    const reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let log = "";
    while (!log.includes("eady to accept connections") && !log.includes("now ready")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${this.program} ended:\n${log}`);
      log += value;
    }
    this.#gone = (async () => {
      while (!(await reader.read()).done);
    })();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#gone;
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Runs one of redis' client programs to its end, with text or bytes for its input. */
export async function runTool(
  name: string,
  args: string[],
  input: string = "",
): Promise<{ code: number; stdout: string }> {
  const child = new Deno.Command(name, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout } = await soon(child.output(), `the end of ${name}`);
  return { code, stdout: new TextDecoder().decode(stdout) };
}

function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(join(directory, program)).isFile;
    } catch {
      return false;
    }
  });
}
