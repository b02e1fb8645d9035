/**
 * Whether an isolate may read.
 *
 * @module
 */

/** Whether this isolate may read a path; without one, whether it may read everything. */
export function mayRead(path?: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
