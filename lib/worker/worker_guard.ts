/**
 * Keeps a service from starting workers of its own: in these nothing is closed of what close_internals.ts closes, and in
 * the executable nothing is guarded of what they import.
 *
 * @module
 */

import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { mayRead } from "./may_read.ts";

const NODE_WORKERS = "node:worker_threads";

/** Refuses workers, Deno's and Node's, from now on in this isolate; but not where it may read everything. */
export function guardWorkers(): void {
  if (mayRead()) return;
  const replaced = { value: NoWorker, writable: false, configurable: false };
  Object.defineProperty(globalThis, "Worker", replaced);
  Object.defineProperty(process.getBuiltinModule(NODE_WORKERS), "Worker", replaced);
  // Otherwise only `require` would give the one that replaces it, and `import` the old one.
  syncBuiltinESMExports();
}

/** Replaces `Worker`. */
class NoWorker {
  constructor() {
    throw new Deno.errors.NotCapable(
      "Cannot start a worker: a service may not, unless it may read everything (permissions: { read: true })",
    );
  }
}
