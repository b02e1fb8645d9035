/**
 * What the code of a service may do beyond its own connections: Deno's permissions, granted one by one. Pure.
 *
 * @module
 */

import { isAbsolute, relative } from "@std/path";

/** The kinds of permission. */
export type PermissionKind = "net" | "read" | "write" | "env" | "run";

/** Every kind of permission. */
export const PERMISSION_KINDS: readonly PermissionKind[] = ["net", "read", "write", "env", "run"];

/** Permissions by kind: `true` for all, or a list. What is left out is denied. */
export interface Permissions {
  /** Hosts to connect to and listen at, as `HOST` or `HOST:PORT`. */
  net?: true | string[];
  /** Absolute paths of files and folders to read. */
  read?: true | string[];
  /** Absolute paths of files and folders to write. */
  write?: true | string[];
  /** Names of environment variables. */
  env?: true | string[];
  /** Programs to run, by name or path. */
  run?: true | string[];
}

/** Whether permissions to read or to write include a path; without any, all are. */
export function includesPath(granted: true | readonly string[] | undefined, path: string): boolean {
  if (granted === undefined || granted === true) return true;
  return granted.some((folder) => isWithin(path, folder));
}

/** Whether a path is that of a folder, or of something in it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !isAbsolute(way) && !/^\.\.(?:[/\\]|$)/.test(way);
}

/** The union of several permissions. */
export function mergePermissions(...all: readonly (Permissions | undefined)[]): Permissions {
  const merged: Permissions = {};
  for (const kind of PERMISSION_KINDS) {
    const values = all.map((one) => one?.[kind]).filter((value) => value !== undefined);
    if (values.includes(true)) merged[kind] = true;
    else if (values.length > 0) merged[kind] = [...new Set(values.flat() as string[])];
  }
  return merged;
}

/** The descriptors to query Deno for permissions. */
export function descriptorsOf(permissions: Permissions): Deno.PermissionDescriptor[] {
  return PERMISSION_KINDS.flatMap((kind) => {
    const value = permissions[kind];
    return value === true ? [{ name: kind }] : (value ?? []).map((item) => descriptorOf(kind, item));
  });
}

/** The descriptor of one item of a kind. */
export function descriptorOf(kind: PermissionKind, item: string): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
      return { name: kind, host: item };
    case "read":
    case "write":
      return { name: kind, path: item };
    case "env":
      return { name: kind, variable: item };
    case "run":
      return { name: kind, command: item };
    default:
      return kind satisfies never;
  }
}
