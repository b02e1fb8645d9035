/**
 * The program as a process of its own, for tests: from source or compiled.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { soon, Wire } from "./wire.ts";

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
export async function runProgram(
  launcher: Launcher,
  args: string[],
  cwd: string,
  { input }: { input?: string } = {},
): Promise<Outcome> {
  const process = new Deno.Command(launcher.command, {
    ...optionsOf(launcher, args, cwd),
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) await new Blob([input]).stream().pipeTo(process.stdin);
  const { code, stdout, stderr } = await process.output();
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
    const { code } = await soon(this.#process.status, "the end of the program");
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
      await soon(promise, `${pattern} in the output of the program`);
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

/** Asks one question on a connection of its own, and answers the line that comes back. */
export async function ask(port: number, line: string): Promise<string> {
  using wire = await Wire.open(port);
  await wire.write(`${line}\n`);
  return await wire.line();
}

function optionsOf(launcher: Launcher, args: string[], cwd: string): Deno.CommandOptions {
  const { env, clearEnv } = launcher;
  return { args: [...launcher.args, ...args], cwd, env, clearEnv, stdin: "null" };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
