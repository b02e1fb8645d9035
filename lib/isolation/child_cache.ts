/**
 * The cache of Deno that a child process runs with, from source. Deno keeps there what it has learned of modules, and
 * every process has those files open for writing: code without any permission can write to an open descriptor, and the
 * next server would read it. So a child gets a folder of its own: links to sources and packages, which only paths reach,
 * and of the files copies, or none.
 *
 * An executable keeps no such cache.
 *
 * @module
 */

import process from "node:process";
import { dirname, join } from "@std/path";

/** Files that each process opens for writing: what it has learned of modules. */
const ANALYSES = ["dep_analysis_cache_v2", "node_analysis_cache_v2"] as const;
/** The same for compiled code, which a process runs as it finds it: copied from a cache that no user's code can write. */
const COMPILED = "v8_code_cache_v2";
/** A copy of the program's lock file. */
const LOCK = "deno.lock";
/** Folders that are read by their path; what a child may write there its permissions say. */
const FOLDERS = ["gen", "npm", "remote", "registries", "deps"] as const;
/** A larger file is not copied: starting without it takes no longer. */
const MAX_COPY_BYTES = 64 * 1024 * 1024;

/** Its name goes on with the process that made it. */
const PREFIX = "protohost_cache_";

/**
 * Which files a cache has: for one child copies of those that there are, or those that it writes itself; for any number of
 * children none at all.
 */
export type CacheFiles = "copied" | "own" | "none";

/**
 * Makes a cache folder, for a child's `DENO_DIR`.
 *
 * @param config The deno.json of the program: the versions that the lock file beside it names hold for the child, and what
 *   its code imports besides is written to a copy.
 * @param options.source The cache that it is made of. @default {Deno's own}
 * @param options.compiled Whether compiled code is copied, too. @default {false}
 * @returns Its path. Undefined where none is needed, or where this process may not make one: the child then shares its
 *   own.
 */
export function makeChildCache(
  files: CacheFiles,
  config: string | undefined,
  options: { source?: string; compiled?: boolean } = {},
): string | undefined {
  if (Deno.build.standalone) return undefined;
  try {
    const source = options.source ?? denoDir();
    if (source === undefined) return undefined;
    removeStale();
    const folder = Deno.makeTempDirSync({ prefix: `${PREFIX}${Deno.pid}_` });
    for (const name of FOLDERS) {
      if (exists(join(source, name))) {
        Deno.symlinkSync(Deno.realPathSync(join(source, name)), join(folder, name), { type: "dir" });
      }
    }
    for (const name of options.compiled ? [...ANALYSES, COMPILED] : ANALYSES) {
      // A folder by the name of a file cannot be opened: Deno then keeps it in memory.
      if (files === "none") Deno.mkdirSync(join(folder, name));
      else if (files === "copied") {
        for (const suffix of ["", "-wal"]) {
          copyFile(join(source, name + suffix), join(folder, name + suffix));
        }
      }
    }
    if (config !== undefined) copyFile(join(dirname(config), LOCK), join(folder, LOCK));
    return folder;
  } catch {
    return undefined;
  }
}

/** Removes a cache folder, but nothing that it links to. */
export function removeChildCache(folder: string | undefined): void {
  if (folder === undefined) return;
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch { /* it is gone already */ }
}

let swept = false;

/** Removes, once, what servers have left that were killed. Where nobody may ask whether they run, it stays. */
function removeStale(): void {
  if (swept) return;
  swept = true;
  const probe = Deno.makeTempDirSync({ prefix: PREFIX });
  const temporary = dirname(probe);
  Deno.removeSync(probe);
  for (const { name } of Deno.readDirSync(temporary)) {
    const pid = name.startsWith(PREFIX) ? /^(\d+)_/.exec(name.slice(PREFIX.length))?.[1] : undefined;
    if (pid !== undefined && isGone(Number(pid))) removeChildCache(join(temporary, name));
  }
}

/** Whether there is surely no such process. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}

/** The copy of the lock file in a cache folder, if there is one. */
export function lockFileIn(cache: string | undefined): string | undefined {
  const file = within(cache, LOCK);
  return file !== undefined && exists(file) ? file : undefined;
}

/** Where Deno keeps its cache, by its own rules. */
function denoDir(): string | undefined {
  const named = Deno.env.get("DENO_DIR");
  if (named) return named;
  const home = Deno.env.get("HOME");
  switch (Deno.build.os) {
    case "windows":
      return within(Deno.env.get("LOCALAPPDATA"), "deno");
    case "darwin":
      return within(home, "Library", "Caches", "deno");
    default:
      return within(Deno.env.get("XDG_CACHE_HOME") || within(home, ".cache"), "deno");
  }
}

function within(folder: string | undefined, ...names: string[]): string | undefined {
  return folder ? join(folder, ...names) : undefined;
}

function copyFile(from: string, to: string): void {
  if (exists(from) && Deno.statSync(from).size <= MAX_COPY_BYTES) Deno.copyFileSync(from, to);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
