/**
 * What this machine has to measure with: generators of load, and the programs that protohost is compared with.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { type Cores, findCores } from "./cores.ts";

/** The release of Bun that is compared, of npm's package `bun`. */
const BUN_VERSION = "1.4.5";

/** A program that is there, or why it is not. */
export type Found = { path: string; version: string } | { missing: string };

/** What there is. */
export interface Toolbox {
  /** A temporary folder, for this run alone. */
  dir: string;
  cores: Cores;
  /** The commands of the generators, without arguments. */
  load: string[];
  churn: string[];
  /** What the generators are, for the report. */
  generator: string;
  floor: Found;
  node: Found;
  bun: Found;
  /** PHP, where WORKERMAN_DIR names a folder with Workerman in it. */
  workerman: Found;
  haproxy: Found;
}

/**
 * Looks for everything and builds what has to be built.
 *
 * @param dir A folder for what is built.
 */
export async function openToolbox(dir: string): Promise<Toolbox> {
  const hasTaskset = "path" in await findProgram(["taskset"], "--version");
  const [cores, load, churn, floor, node, bun, workerman, haproxy] = await Promise.all([
    findCores(hasTaskset),
    build("load.c", dir),
    build("churn.c", dir),
    build("peers/floor.c", dir),
    findProgram(["node"], "--version"),
    findBun(),
    findWorkerman(),
    findProgram(["haproxy", "/usr/sbin/haproxy"], "-v"),
  ]);
  const isBuilt = "path" in load && "path" in churn;
  return {
    ...{ dir, cores, floor, node, bun, workerman, haproxy },
    load: isBuilt ? [load.path] : denoGenerator(),
    churn: isBuilt ? [churn.path] : [...denoGenerator(), "--churn"],
    generator: isBuilt ? "C" : "Deno, because a compiler is missing: ratios look nearer to 1 than they are",
  };
}

/** The path of a file beside this one. */
export function beside(file: string): string {
  return fromFileUrl(new URL(file, import.meta.url));
}

function denoGenerator(): string[] {
  return [Deno.execPath(), "run", "-A", beside("load.ts")];
}

async function build(source: string, dir: string): Promise<Found> {
  const target = join(dir, source.replace(/^.*\/|\.c$/g, ""));
  const result = await run(["cc", "-O2", "-o", target, beside(source), "-lm"]);
  if (result === undefined) return { missing: "no C compiler (cc)" };
  return result.success ? { path: target, version: "C" } : { missing: `cc does not compile ${source}` };
}

async function findProgram(names: string[], flag: string): Promise<Found> {
  for (const path of names) {
    const result = await run([path, flag]);
    if (result?.success) {
      return { path, version: /\d+(\.\d+)+/.exec(result.output)?.[0] ?? "" };
    }
  }
  return { missing: `no ${names[0]}` };
}

/** npx starts Bun as its child; what is pinned, measured and stopped is better Bun itself. */
async function findBun(): Promise<Found> {
  const result = await run(["npx", "-y", "-p", `bun@${BUN_VERSION}`, "-c", "command -v bun"]);
  if (result === undefined) return { missing: "no npx" };
  const path = result.output.trim().split("\n").at(-1) ?? "";
  return result.success && path !== "" ? { path, version: BUN_VERSION } : { missing: "npx does not get bun" };
}

async function findWorkerman(): Promise<Found> {
  const dir = Deno.env.get("WORKERMAN_DIR");
  if (dir === undefined) return { missing: "WORKERMAN_DIR is not set" };
  try {
    await Deno.stat(join(dir, "vendor", "autoload.php"));
  } catch {
    return { missing: `no vendor/autoload.php in ${dir}` };
  }
  const php = await findProgram(["php"], "--version");
  if ("missing" in php) return php;
  const loop = await run([
    php.path,
    "-r",
    "echo extension_loaded('event') ? 'libevent' : 'its slower loop';",
  ]);
  return { ...php, version: `${php.version} with ${loop?.output}` };
}

async function run(command: string[]): Promise<{ success: boolean; output: string } | undefined> {
  try {
    const [program, ...args] = command;
    const { success, stdout } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return { success, output: new TextDecoder().decode(stdout) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
