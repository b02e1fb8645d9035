/**
 * How to grant in the configuration what Deno denies. Pure, but for the working directory, which relative paths in code
 * start from.
 *
 * @module
 */

import { isAbsolute, resolve } from "@std/path";
import type { ErrorRecord } from "../base/error_record.ts";
import type { PermissionKind } from "./permissions.ts";

/** Deno's messages for a missing permission; the second ending is that of an executable. */
const DENIED =
  /Requires (net|read|write|env|run) access(?: to (?:"([^"]*)"|(\S+?)))?, (?:run again with the --allow-\w+ flag|specify the required permissions during compilation using `deno compile --allow-\w+`)/g;

/**
 * Replaces Deno's advice to run again with a flag by the entry for the configuration, with an absolute path, since
 * relative paths in the configuration start elsewhere. Other messages stay as they are.
 *
 * @param folder Where relative paths in code start.
 */
export function adviseInConfiguration(message: string, folder: () => string = Deno.cwd): string {
  return message.replace(
    DENIED,
    (_, kind: PermissionKind, quoted?: string, bare?: string) => {
      const item = quoted ?? bare;
      const what = item === undefined ? "" : ` to ${JSON.stringify(item)}`;
      const value = item === undefined ? "true" : `[${JSON.stringify(inFull(kind, item, folder))}]`;
      return `Requires ${kind} access${what}: to allow it, give the service permissions: { ${kind}: ${value} }`;
    },
  );
}

/** The same advice in an error's record. */
export function adviseInRecord(record: ErrorRecord): ErrorRecord {
  return { ...record, message: adviseInConfiguration(record.message) };
}

/** An item with the same meaning wherever it is written. */
function inFull(kind: PermissionKind, item: string, folder: () => string): string {
  const isPath = kind === "read" || kind === "write" || kind === "run" && /[/\\]/.test(item);
  // Such as "<CWD>", which is no path.
  if (!isPath || isAbsolute(item) || item.startsWith("<")) return item;
  try {
    return resolve(folder(), item);
  } catch {
    // The folder no longer exists.
    return item;
  }
}
