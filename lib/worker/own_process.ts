/**
 * Keeps the code of a service from signalling the process that it runs in, which Deno permits to any code. Where that is
 * the server's own, the signal would end, stop or reload the server.
 *
 * @module
 */

import process from "node:process";

/** What sends signals. */
interface Killer {
  kill(pid: unknown, signal?: unknown): unknown;
  _kill?(pid: unknown, signal?: unknown): unknown;
}

/** Has a signal to this process do something else, from now on in this isolate. */
export function interceptSignals(instead: (how: string) => never): void {
  for (const killer of [Deno, process] as unknown as Killer[]) {
    for (const name of ["kill", "_kill"] as const) {
      const kill = killer[name];
      if (kill === undefined) continue;
      const replaced = function (this: unknown, pid: unknown, signal: unknown = "SIGTERM"): unknown {
        // As a system call takes it.
        if ((Number(pid) | 0) === Deno.pid && signal !== 0) {
          instead(`${killer === process as unknown ? "process" : "Deno"}.${name}(${pid}, ${String(signal)})`);
        }
        return kill.call(this, pid, signal);
      };
      Object.defineProperty(killer, name, { value: replaced, writable: false, configurable: false });
    }
  }
}
