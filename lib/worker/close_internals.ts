/**
 * Takes from a service's isolate what opens a descriptor by its number, or reaches the runtime beneath Deno's permissions:
 * the pipe to the server and files of Deno's own are open in the process, and a number is all that it takes.
 *
 * What stays open is answered elsewhere: what comes by the pipe is checked, and the files are a child's own.
 *
 * @module
 */

import process from "node:process";

/** Node's internal modules, and what in them opens a descriptor by its number. */
const OPENERS = { pipe_wrap: "Pipe", tcp_wrap: "TCP", udp_wrap: "UDP" } as const;

/** What of Node's process is no public API. */
interface ProcessInternals {
  binding?(name: string): Record<string, { prototype: object }>;
}

/** Closes them, for good and for this isolate. */
export function closeInternals(): void {
  const internals = process as unknown as ProcessInternals;
  for (const [module, type] of Object.entries(OPENERS)) {
    const opener = internals.binding?.(module)[type];
    if (opener !== undefined) seal(opener.prototype, "open", refuseDescriptor);
  }
  seal(internals, "binding", refuseBinding);
  const { internal } = Deno as unknown as { internal: symbol };
  seal(Deno, internal, undefined);
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
