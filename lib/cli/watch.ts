/**
 * Watches the folders of a configuration and calls for action, one at a time, once they have come to rest.
 *
 * @module
 */

import { dirname } from "@std/path";
import { actionFor, type WatchAction, type WatchPlan } from "./watch_plan.ts";

/** How long folders must have been at rest: editors write a file in several steps. */
const SETTLE_MS = 100;

/** What a watcher is told. */
export interface WatchOptions {
  /** Ends the watch. */
  signal: AbortSignal;
  /** The plan of now; asked again after each reload, which may have changed it. */
  plan(): WatchPlan;
  /** Does what changes call for. Must not reject. */
  act(action: WatchAction): Promise<void>;
}

/** Watches until the signal. Folders that are not there are left out until the plan is asked again. */
export async function watch(options: WatchOptions): Promise<void> {
  while (!options.signal.aborted) await watchUntilReload(realPaths(options.plan()), options);
}

/** Acts on changes until one of them was a reload. What changes in the meantime is kept for the next action. */
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

/** Paths as the system reports them, behind symbolic links. Folders that are not there are left out. */
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
