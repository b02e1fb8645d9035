/**
 * Which permissions of a service this process can grant: only those that it has itself.
 *
 * @module
 */

import {
  descriptorOf,
  PERMISSION_KINDS,
  type PermissionKind,
  type Permissions,
} from "../spec/permissions.ts";

/** Permissions in the form that isolates and processes take. `inherit`: whatever this process has of the kind. */
export type Grant = Record<PermissionKind, boolean | "inherit" | string[]>;

/** The hosts that Deno imports modules from by default. */
const IMPORT_HOSTS: readonly string[] = [
  "jsr.io:443",
  "deno.land:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/** The part of permissions that this process can grant. */
export function grantOf(permissions: Permissions): Grant {
  const grant: Partial<Grant> = {};
  for (const kind of PERMISSION_KINDS) {
    const value = permissions[kind] ?? [];
    if (value === true) grant[kind] = granted({ name: kind }) ? true : "inherit";
    else {
      const items = value.filter((item) => granted(descriptorOf(kind, item)));
      grant[kind] = items.length > 0 ? items : false;
    }
  }
  return grant as Grant;
}

/** The hosts that a service's code may import from: at most the default ones. */
export function importHosts(): string[] | false {
  const hosts = IMPORT_HOSTS.filter((host) =>
    granted({ name: "import", host } as unknown as Deno.PermissionDescriptor)
  );
  return hosts.length > 0 ? hosts : false;
}

/** Whether this process has a permission. */
export function granted(descriptor: Deno.PermissionDescriptor): boolean {
  try {
    return Deno.permissions.querySync(descriptor).state === "granted";
  } catch {
    // Not a valid host or name, or unknown to this version of Deno.
    return false;
  }
}
