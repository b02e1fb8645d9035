/**
 * What to write in the configuration where Deno denies a permission. Pure, but for the working directory, from which
 * relative paths in code start.
 *
 * @module
 */

import { isAbsolute, resolve } from "@std/path";
import type { ErrorRecord } from "../base/error_record.ts";
import type { PermissionKind } from "./permissions.ts";

/** What Deno says of what it denies; an executable says the latter. */
const DENIED =
  /Requires (net|read|write|env|run) access(?: to (?:"([^"]*)"|(\S+?)))?, (?:run again with the --allow-\w+ flag|specify the required permissions during compilation using `deno compile --allow-\w+`)/g;

/**
 * Says what to write in the configuration in place of Deno's advice to run again with a flag: a path in full, since
 * those of the configuration start elsewhere. A message that speaks of no permission stays as it is.
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

/** An item as it means the same wherever it is written. */
function inFull(kind: PermissionKind, item: string, folder: () => string): string {
  const isPath = kind === "read" || kind === "write" || kind === "run" && /[/\\]/.test(item);
  // Such as "<CWD>", and what stands for all of a kind.
  if (!isPath || isAbsolute(item) || item.startsWith("<")) return item;
  try {
    return resolve(folder(), item);
  } catch {
    // The folder is gone.
    return item;
  }
}
