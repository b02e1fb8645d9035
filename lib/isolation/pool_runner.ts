/**
 * Runs an instance with `isolation: connection`: one process that accepts connections and keeps the pool, without any of
 * the service's code, and below it one process for each connection.
 *
 * @module
 */

import { join } from "@std/path";
import { makeChildCache, removeChildCache } from "./child_cache.ts";
import { handOver, identityOf } from "./identity.ts";
import { projectConfig } from "./command_line.ts";
import { granted } from "./grant.ts";
import { mergePermissions, type Permissions } from "../spec/permissions.ts";
import { spawnProcess } from "./process_runner.ts";
import { makeFolder, removeFolder } from "./pool_folder.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Runner, RunnerEvents } from "./runner.ts";
import { failure, InstanceError } from "./instance_error.ts";
import { hasUnixSockets } from "../transport/unix_socket.ts";

/** How long the instance's process may take to end those below it. */
const GRACE_MS = 1000;

/** Starts the process of such an instance. @throws {InstanceError} If it cannot be started here. */
export function spawnPool(events: RunnerEvents, spec: WorkerSpec): Runner {
  if (!hasUnixSockets) {
    throw new InstanceError(
      failure("no_pool", "Cannot use isolation: connection on this system: it has no unix sockets"),
    );
  }
  const folder = makeFolder();
  const config = projectConfig();
  // They come and go quickly, and one must not read what another has written: none of them keeps files.
  const cache = makeChildCache("none", config);
  const pool = {
    ...spec.pool!,
    folder,
    ...(config === undefined ? {} : { config }),
    ...(cache === undefined ? {} : { cache }),
  };
  const identity = identityOf(spec);
  handOver(folder, identity);
  handOver(cache, identity);
  const runner = start();
  runner.ended.then(removeFolders);
  return {
    ...runner,
    get queuedBytes() {
      return runner.queuedBytes;
    },
    post(message: ToWorker): void {
      runner.post(message.type === "load" ? { ...message, spec: { ...message.spec, pool } } : message);
    },
  };

  function start(): Runner {
    try {
      const permissions = permissionsFor(spec, folder);
      return spawnProcess(events, spec, { config, permissions, graceMs: GRACE_MS });
    } catch (error) {
      removeFolders();
      throw error;
    }
  }

  function removeFolders(): void {
    removeFolder(folder);
    removeChildCache(cache);
  }
}

/** The permissions of the service, which it must have to grant them, and those to run and reach its processes. */
function permissionsFor({ permissions, pool }: WorkerSpec, folder: string): Permissions {
  const handoffSockets = Array.from(
    { length: pool!.size },
    (_, place) => `unix:${join(folder, `${place}.sock`)}`,
  );
  return mergePermissions(permissions, {
    run: granted({ name: "run" }) ? true : [Deno.execPath()],
    ...(granted({ name: "env" }) ? { env: true } : {}),
    net: granted({ name: "net" }) ? true : handoffSockets,
    read: [folder],
    write: [folder],
  });
}
