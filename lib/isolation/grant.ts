/**
 * What of the permissions for a service this process has to give: it cannot give what it does not have itself.
 *
 * @module
 */

import {
  descriptorOf,
  PERMISSION_KINDS,
  type PermissionKind,
  type Permissions,
} from "../spec/permissions.ts";

/** Permissions as an isolate or a process takes them. `inherit`: whatever this process itself has of the kind. */
export type Grant = Record<PermissionKind, boolean | "inherit" | string[]>;

/** Hosts that Deno imports modules from unless it is told otherwise. */
const IMPORT_HOSTS: readonly string[] = [
  "jsr.io:443",
  "deno.land:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/** The part of permissions that this process can give. */
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

/** The hosts that a service's code may import from: never more than what is usual. */
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
    // Not a host, not a name, or nothing that this Deno knows of.
    return false;
  }
}
