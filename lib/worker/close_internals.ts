/**
 * Takes from a service's isolate what opens a descriptor by its number, what reaches the runtime beneath Deno's
 * permissions, and what keeps something on the disk without asking for any: the pipe to the server and files of Deno's own
 * are open in the process, and a number is all that it takes.
 *
 * What stays open is answered elsewhere: what comes by the pipe is checked, and the files are a child's own.
 *
 * @module
 */

import * as module from "node:module";
import process from "node:process";

/** Node's internal modules, and what in them opens a descriptor by its number. */
const OPENERS = { pipe_wrap: "Pipe", tcp_wrap: "TCP", udp_wrap: "UDP" } as const;
/** Node's own name for a module that is no public API. */
const INTERNAL = /^internal\//;
/** The Cache API: it writes to a folder that all processes of a user share, whatever they may write. */
const CACHES = ["caches", "CacheStorage", "Cache"] as const;

/** What of Node's process is no public API. */
interface ProcessInternals {
  binding?(name: string): Record<string, { prototype: object }>;
}

/** What of Node's modules is no public API. */
interface ModuleInternals {
  _load(request: unknown, ...rest: unknown[]): unknown;
}

/** Closes them, for good and for this isolate. */
export function closeInternals(): void {
  const internals = process as unknown as ProcessInternals;
  for (const [module, type] of Object.entries(OPENERS)) {
    const opener = internals.binding?.(module)[type];
    if (opener !== undefined) seal(opener.prototype, "open", refuseDescriptor);
  }
  seal(internals, "binding", refuseBinding);
  refuseInternalModules(module.Module as unknown as ModuleInternals);
  const { internal } = Deno as unknown as { internal: symbol };
  seal(Deno, internal, undefined);
  for (const name of CACHES) seal(globalThis, name, undefined);
  refuseRequests(Deno.permissions);
}

/** What a service may do its configuration says: nobody at the server's terminal is asked. */
function refuseRequests(permissions: Deno.Permissions): void {
  const prototype = Object.getPrototypeOf(permissions);
  seal(prototype, "request", permissions.query);
  seal(prototype, "requestSync", permissions.querySync);
}

/** Every `require` goes through this method, also one that a service makes itself. */
function refuseInternalModules(modules: ModuleInternals): void {
  const load = modules._load;
  modules._load = function (request, ...rest) {
    if (INTERNAL.test(String(request))) refuseBinding(request);
    return load.call(this, request, ...rest);
  };
}

function seal(target: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: false, configurable: false, enumerable: false });
}

function refuseDescriptor(): never {
  throw new Deno.errors.NotCapable(
    "Cannot open a descriptor by its number: a service has only what it opened itself",
  );
}

function refuseBinding(name: unknown): never {
  throw new Deno.errors.NotCapable(
    `Cannot bind ${String(name)}: a service has no access to Node's internal modules`,
  );
}
