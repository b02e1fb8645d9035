/**
 * Keeps a service from starting workers of its own: in these nothing is closed of what close_internals.ts closes, and in
 * the executable nothing is guarded of what they import.
 *
 * @module
 */

import process from "node:process";
import { type LoadedModule, registerLoadHook } from "./load_hook.ts";
import { mayRead } from "./may_read.ts";

const NODE_WORKERS = "node:worker_threads";

/** Refuses workers, Deno's and Node's, from now on in this isolate; but not where it may read everything. */
export function guardWorkers(): void {
  if (mayRead()) return;
  const replaced = { value: NoWorker, writable: false, configurable: false };
  Object.defineProperty(globalThis, "Worker", replaced);
  const threads = process.getBuiltinModule(NODE_WORKERS);
  Object.defineProperty(threads, "Worker", replaced);
  const module = moduleOf(Object.keys(threads));
  registerLoadHook((url, context, next) => url === NODE_WORKERS ? module : next(url, context));
}

/** Node's module as code imports it: what `require` gives, name by name. */
function moduleOf(names: string[]): LoadedModule {
  const source = [
    `import process from "node:process";`,
    `const threads = process.getBuiltinModule("${NODE_WORKERS}");`,
    "export default threads;",
    ...names.filter((name) => name !== "default").map((name) => `export const ${name} = threads.${name};`),
  ];
  return { format: "module", source: source.join("\n"), shortCircuit: true };
}

/** Replaces `Worker`. */
class NoWorker {
  constructor() {
    throw new Deno.errors.NotCapable(
      "Cannot start a worker: a service may not, unless it may read everything (permissions: { read: true })",
    );
  }
}
