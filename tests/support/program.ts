/**
 * The program as a process of its own, for tests: from source or compiled.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

/** What starts the program: an executable and its first arguments. */
export interface Launcher {
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** @default {false} */
  clearEnv?: boolean;
}

/** The program from its sources, with the permissions that deno.json gives it. */
export const fromSource: Launcher = {
  command: Deno.execPath(),
  args: ["run", "--quiet", "-P=serve", fromFileUrl(new URL("../../main.ts", import.meta.url))],
  env: { NO_COLOR: "1" },
};

/** What a process that has ended leaves. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(launcher: Launcher, args: string[], cwd: string): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(launcher.command, {
    ...optionsOf(launcher, args, cwd),
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** The program while it runs. */
export class Program implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #read: Promise<unknown>;
  readonly #waiting: Set<() => void> = new Set();
  #ended = false;
  /** All that it has written, both streams in the order of their arrival. */
  output = "";

  constructor(launcher: Launcher, args: string[], cwd: string) {
    this.#process = new Deno.Command(launcher.command, {
      ...optionsOf(launcher, args, cwd),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([this.#gather(this.#process.stdout), this.#gather(this.#process.stderr)])
      .then(() => {
        this.#ended = true;
        for (const wake of this.#waiting) wake();
      });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Its exit code, once it has ended and all it wrote has been read. */
  async ended(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#read;
    return code;
  }

  /** Waits until something is written at or behind a place in the output; answers the match. */
  async until(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    while (true) {
      const match = pattern.exec(this.output.slice(from));
      if (match) return match;
      if (this.#ended) throw new Error(`The program ended without writing ${pattern}:\n${this.output}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  signal(name: Deno.Signal): void {
    this.#process.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.ended();
  }

  async #gather(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      for (const wake of this.#waiting) wake();
    }
  }
}

/** A folder that is gone at the end of the scope. */
export class TempFolder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "protohost_" });

  /** The path of a file in it. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes files by their paths in the folder. */
  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(this.at(path), ".."), { recursive: true });
      await Deno.writeTextFile(this.at(path), text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A client in lines of text. */
export class LineClient implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #buffered = "";

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#reader = conn.readable.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async connect(port: number): Promise<LineClient> {
    return new LineClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a line. */
  async send(line: string): Promise<void> {
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** The next line without its end; null at the end of the stream. */
  async receive(): Promise<string | null> {
    while (!this.#buffered.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#buffered += value;
    }
    const end = this.#buffered.indexOf("\n");
    const line = this.#buffered.slice(0, end);
    this.#buffered = this.#buffered.slice(end + 1);
    return line;
  }

  /** Sends a line and answers the next one. */
  async ask(line: string): Promise<string | null> {
    await this.send(line);
    return await this.receive();
  }

  [Symbol.dispose](): void {
    this.#reader.cancel().catch(() => {});
  }
}

/** Asks one question on a connection of its own, and sees the answer. */
export async function assertAnswer(port: number, line: string, wanted: string): Promise<void> {
  using client = await LineClient.connect(port);
  assertEquals(await client.ask(line), wanted);
}

function optionsOf(launcher: Launcher, args: string[], cwd: string): Deno.CommandOptions {
  const { env, clearEnv } = launcher;
  return { args: [...launcher.args, ...args], cwd, env, clearEnv, stdin: "null" };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
