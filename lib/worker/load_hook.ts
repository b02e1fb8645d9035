/**
 * Hooks into the loading of modules.
 *
 * @module
 */

import * as module from "node:module";

/** What a module is, where a hook gives it in place of the one that was asked for. */
export interface LoadedModule {
  format: "module";
  source: string;
  shortCircuit: true;
}

/** Loads a module, or lets the next hook do so. */
export type LoadHook = (
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => unknown,
) => unknown;

// The types of Node's module lag behind what Deno has.
const { registerHooks } = module as unknown as { registerHooks(hooks: { load: LoadHook }): void };

/** Has a hook asked for each module that this isolate loads from now on. */
export function registerLoadHook(load: LoadHook): void {
  registerHooks({ load });
}
