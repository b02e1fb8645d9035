/**
 * A cache with compiled code for children that run from source, which start in two thirds of the time with it. A child
 * that runs nobody's code but ours fills it; others get copies, so that what one writes into its own reaches nobody.
 *
 * @module
 */

import { resolveLimits } from "../contract/limits.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { makeChildCache, removeChildCache } from "./child_cache.ts";
import type { Runner, RunnerEvents } from "./runner.ts";

/** The children of the start come first; there is no hurry for those that replace them. */
const DELAY_MS = 2_000;
/** Compiled code is written a little after it was loaded. */
const WRITE_MS = 500;

/** What loads our modules, and nobody else's. */
const SPEC: WorkerSpec = {
  service: "cache",
  generation: 1,
  instance: 0,
  listen: ["echo://127.0.0.1:0"],
  options: undefined,
  isolation: "process",
  limits: resolveLimits({}),
  protocols: {},
  base: new URL("../../", import.meta.url).href,
  logLevel: "fatal",
  loadOnly: true,
};

/** Starts a child whose cache is this folder. */
export type SpawnInto = (events: RunnerEvents, spec: WorkerSpec, cache: string) => Runner;

/** The cache's folder, once it has been written; undefined before, and if that fails. */
let written: string | undefined;
let isBegun = false;

/** The folder of a cache with compiled code to copy for a child; undefined while there is none. */
export function warmCache(config: string | undefined, spawn: SpawnInto): string | undefined {
  if (Deno.build.standalone) return undefined;
  if (!isBegun) {
    isBegun = true;
    Deno.unrefTimer(setTimeout(() => write(config, spawn), DELAY_MS));
  }
  return written;
}

function write(config: string | undefined, spawn: SpawnInto): void {
  const folder = makeChildCache("own", config);
  if (folder === undefined) return;
  globalThis.addEventListener("unload", () => removeChildCache(folder));
  function end(isLoaded: boolean): void {
    const timer = setTimeout(async () => {
      runner.terminate();
      await runner.ended;
      if (isLoaded) written = folder;
    }, WRITE_MS);
    Deno.unrefTimer(timer);
  }
  const events: RunnerEvents = {
    message(value) {
      const { type } = Object(value);
      if (type === "loaded" || type === "load_failed") end(type === "loaded");
    },
    badMessage: () => end(false),
    failed: () => end(false),
  };
  let runner: Runner;
  try {
    runner = spawn(events, SPEC, folder);
  } catch {
    // Children start without it.
    return;
  }
  runner.post({ type: "load", spec: SPEC });
}
