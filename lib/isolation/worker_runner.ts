/**
 * Runs a worker in an isolate of its own, as a Web Worker.
 *
 * @module
 */

import { grantOf, importHosts } from "./grant.ts";
import { identityOf } from "./identity.ts";
import { failure, InstanceError } from "./instance_error.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Runner, RunnerEvents } from "./runner.ts";

/** Starts an isolate. `terminate` cannot stop an endless loop: it uses a core until the process ends. */
export function spawnIsolate(events: RunnerEvents, spec: WorkerSpec): Runner {
  if (identityOf(spec) !== undefined) {
    throw new InstanceError(
      failure(
        "bad_user",
        "Cannot run as another user in a worker of the server's process: wanted isolation: process",
      ),
    );
  }
  const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), {
    type: "module",
    name: `${spec.service}.${spec.generation}.${spec.instance}`,
    ...permissionsOf(spec),
  } as WorkerOptions);
  let over = false;
  worker.onmessage = (event: MessageEvent<unknown>) => {
    if (!over) events.message(event.data);
  };
  worker.onmessageerror = () => {
    if (!over) events.badMessage("message cannot be deserialized");
  };
  worker.onerror = (event) => {
    // Otherwise the error would end the main isolate too.
    event.preventDefault();
    if (!over) events.failed(event.error ?? new Error(event.message));
  };
  return {
    pid: Deno.pid,
    ended: Promise.resolve(),
    queuedBytes: 0,
    post(message: ToWorker): void {
      if (!over) worker.postMessage(message);
    },
    terminate(): void {
      over = true;
      worker.terminate();
    },
  };
}

/**
 * Deno takes permissions for a worker only with `--unstable-worker-options`, and ends the process without it. That flag
 * cannot be detected, but `--unstable-net` can, and `protohost` is always started with both.
 */
function permissionsOf({ permissions }: WorkerSpec): { deno?: { permissions: unknown } } {
  if (permissions === undefined || !("listenDatagram" in Deno)) return {};
  return {
    deno: { permissions: { ...grantOf(permissions), sys: false, ffi: false, import: importHosts() } },
  };
}
