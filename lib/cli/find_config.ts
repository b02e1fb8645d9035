/**
 * Finds the configuration file.
 *
 * @module
 */

import { resolve } from "@std/path";
import { CommandError } from "./errors.ts";
import type { ExitCode } from "./exit_codes.ts";
import { requirePermissions } from "./permission_advice.ts";

/** Names that are tried in the current folder, in this order. */
export const CONFIG_NAMES: readonly string[] = ["protohost.yaml", "protohost.yml"];

/**
 * The absolute path of the given file, or of the one in the current folder.
 *
 * @throws {CommandError} If there is none, with this exit code.
 * @throws {PermissionError} Without permission to read it.
 */
export async function findConfig(given: string | undefined, exitCode: ExitCode): Promise<string> {
  const candidates = (given === undefined ? CONFIG_NAMES : [given]).map((name) => resolve(name));
  for (const path of candidates) {
    requirePermissions({ name: "read", path });
    if (await isFile(path)) return path;
  }
  const hint = given === undefined
    ? `; create one with "protohost new NAME", or name another with -c FILE`
    : "";
  throw new CommandError(`There is no file ${candidates.join(" or ")}${hint}`, {
    exitCode,
  });
}

/** Whether there is something at a path, and it is not a folder. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return !(await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
