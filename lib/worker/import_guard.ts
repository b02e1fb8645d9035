/**
 * Restricts what a service may import in the executable: there Deno requires no read permission for imports from disk.
 * `deno run` does, and needs no guard. A worker that a service starts would run without this guard, so it cannot start
 * one.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import * as module from "node:module";
import process from "node:process";

/** The files within the executable. */
const OWN = new URL("../../", import.meta.url).href;

interface Hooks {
  load(url: string, context: unknown, next: (url: string, context: unknown) => unknown): unknown;
}

// The types of Node's module lag behind what Deno has.
const { registerHooks } = module as unknown as { registerHooks(hooks: Hooks): void };

const NODE_WORKERS = "node:worker_threads";

/** Makes each import of a file require read permission for it, from now on in this isolate. */
export function guardImports(): void {
  if (mayRead()) return;
  const replaced = { value: NoWorker, writable: false, configurable: false };
  Object.defineProperty(globalThis, "Worker", replaced);
  Object.defineProperty(process.getBuiltinModule(NODE_WORKERS), "Worker", replaced);
  registerHooks({
    load(url, context, next) {
      if (url === NODE_WORKERS) throw noWorkers();
      if (url.startsWith("file:") && !url.startsWith(OWN)) requireRead(fromFileUrl(url));
      return next(url, context);
    },
  });
}

function requireRead(path: string): void {
  if (!mayRead(path)) throw new Deno.errors.NotCapable(`Requires read access to "${path}"`);
}

/** Without a path: whether it may read everything. */
function mayRead(path?: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** Replaces `Worker`. */
class NoWorker {
  constructor() {
    throw noWorkers();
  }
}

function noWorkers(): Error {
  return new Deno.errors.NotCapable(
    "Cannot start a worker: services in the executable may not, because imports of workers are not checked",
  );
}
