/**
 * The folder with the sockets between a pool and its processes.
 *
 * @module
 */

/** Makes one, for this user alone. */
export function makeFolder(): string {
  return Deno.makeTempDirSync({ prefix: "protohost_pool_" });
}

/** Removes one, and whatever is in it. */
export function removeFolder(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch { /* it is gone already */ }
}
