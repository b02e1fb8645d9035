/**
 * Restricts what a service may import in the executable: there Deno requires no read permission for imports from disk.
 * `deno run` does, and needs no guard. A worker that a service starts would run without this guard: see
 * worker_guard.ts.
 *
 * @module
 */

import * as module from "node:module";
import { fromFileUrl } from "@std/path";
import { mayRead } from "./may_read.ts";

/** The files within the executable. */
const OWN = new URL("../../", import.meta.url).href;

interface Hooks {
  load(url: string, context: unknown, next: (url: string, context: unknown) => unknown): unknown;
}

// The types of Node's module lag behind what Deno has.
const { registerHooks } = module as unknown as { registerHooks(hooks: Hooks): void };

/** Makes each import of a file require read permission for it, from now on in this isolate. */
export function guardImports(): void {
  if (mayRead()) return;
  registerHooks({
    load(url, context, next) {
      if (url.startsWith("file:") && !url.startsWith(OWN)) requireRead(fromFileUrl(url));
      return next(url, context);
    },
  });
}

function requireRead(path: string): void {
  if (!mayRead(path)) throw new Deno.errors.NotCapable(`Requires read access to "${path}"`);
}
