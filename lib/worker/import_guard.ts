/**
 * What a service may import where it runs in the executable: there Deno asks no permission to read what is imported from
 * a disk. With `deno run` it does, and nothing is to be done. An isolate that a service started itself would be without
 * this guard, so that it cannot start one.
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

/** Has each import of a file ask for the permission to read it, from now on and in this isolate. */
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

/** Without a path: anything at all. */
function mayRead(path?: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** In place of `Worker`. */
class NoWorker {
  constructor() {
    throw noWorkers();
  }
}

function noWorkers(): Error {
  return new Deno.errors.NotCapable(
    "Cannot start a worker: in the executable a service has none of its own, since what they import is not checked",
  );
}
