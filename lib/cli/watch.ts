/**
 * Watches the folders of a configuration, and acts once changes in them have settled.
 *
 * @module
 */

import { dirname } from "@std/path";
import { actionFor, type WatchAction, type WatchPlan } from "./watch_plan.ts";

/** How long nothing must have changed: editors write a file in several steps. */
const SETTLE_MS = 100;

/** Options of {@linkcode watch}. */
export interface WatchOptions {
  /** Ends the watch. */
  signal: AbortSignal;
  /** The current plan; asked for again after each reload, which may have changed it. */
  plan(): WatchPlan;
  /** Carries out an action. Must not reject. */
  act(action: WatchAction): Promise<void>;
}

/** Watches until the signal aborts. Missing folders are left out until the plan is asked for again. */
export async function watch(options: WatchOptions): Promise<void> {
  while (!options.signal.aborted) await watchUntilReload(realPaths(options.plan()), options);
}

/** Acts on changes until one of them was a reload. Changes during an action are kept for the next one. */
async function watchUntilReload(plan: WatchPlan, options: WatchOptions): Promise<void> {
  const watchers = openWatchers(plan);
  const done = Promise.withResolvers<void>();
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let acting = false;

  async function settled(): Promise<void> {
    if (acting || changed.size === 0) return;
    acting = true;
    const action = actionFor(plan, changed);
    changed.clear();
    if (action) await options.act(action);
    acting = false;
    if (action?.type === "reload") done.resolve();
    else await settled();
  }

  async function gather(watcher: Deno.FsWatcher): Promise<void> {
    for await (const event of watcher) {
      if (event.kind === "access" || actionFor(plan, event.paths) === undefined) continue;
      for (const path of event.paths) changed.add(path);
      clearTimeout(timer);
      timer = setTimeout(settled, SETTLE_MS);
    }
  }

  const abort = () => done.resolve();
  options.signal.addEventListener("abort", abort, { once: true });
  const gathering = watchers.map(gather);
  await done.promise;
  options.signal.removeEventListener("abort", abort);
  clearTimeout(timer);
  for (const watcher of watchers) watcher.close();
  await Promise.all(gathering);
}

function openWatchers(plan: WatchPlan): Deno.FsWatcher[] {
  const folders = [...plan.folders.keys()];
  const watchers = folders.length > 0 ? [Deno.watchFs(folders)] : [];
  if (plan.file !== undefined) watchers.push(Deno.watchFs(dirname(plan.file), { recursive: false }));
  return watchers;
}

/** Paths as the system reports them, symbolic links resolved. Missing folders are left out. */
function realPaths(plan: WatchPlan): WatchPlan {
  const folders = new Map<string, string[]>();
  for (const [folder, services] of plan.folders) {
    const path = realPath(folder);
    if (path !== undefined) folders.set(path, services);
  }
  return { file: plan.file && realPath(plan.file), folders };
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
