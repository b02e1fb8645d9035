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

/** A server without persistence, at a unix socket. */
export class RedisServer implements AsyncDisposable {
  /** The socket's path. */
  readonly path: string;
  readonly #directory: string;
  readonly #process: Deno.ChildProcess;
  #gone: Promise<unknown> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "redis.sock");
    const quiet = ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"];
    this.#process = new Deno.Command("redis-server", {
      args: ["--port", "0", "--unixsocket", this.path, "--dir", directory, ...quiet],
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /** Starts one; settles when it answers. */
  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await Deno.makeTempDir());
    await soon(server.#ready(), "the start of redis-server");
    return server;
  }

  /** Waits for its word that it is ready, and then reads on so that its log has somewhere to go. */
  async #ready(): Promise<void> {
    const reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let log = "";
    while (!log.includes("eady to accept connections") && !log.includes("now ready")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`redis-server ended:\n${log}`);
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
