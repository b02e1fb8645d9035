/**
 * Permissions of a configuration, resolved: lists, absolute paths. Pure.
 *
 * @module
 */

import { PERMISSION_KINDS, type Permissions } from "../spec/permissions.ts";
import type { TopicAccess } from "../spec/topic_access.ts";
import { absolutePath } from "./paths.ts";
import type { PermissionsInput } from "./config_input.ts";

/** Resolves what a service may do with topics: all of them, unless it says otherwise; undefined where it does not. */
export function resolveTopics(...inputs: (PermissionsInput | undefined)[]): TopicAccess | undefined {
  const { publish = true, subscribe = true }: PermissionsInput = Object.assign({}, ...inputs);
  if (publish === true && subscribe === true) return undefined;
  return { publish: topics(publish), subscribe: topics(subscribe) };
}

function topics(value: boolean | string | string[]): true | string[] {
  return value === true || [value === false ? [] : value].flat();
}

/** Resolves permissions, later ones over earlier ones kind by kind; undefined if there are none. */
export function resolvePermissions(
  base: string,
  ...inputs: (PermissionsInput | undefined)[]
): Permissions | undefined {
  const input: PermissionsInput = Object.assign({}, ...inputs);
  const permissions: Permissions = {};
  for (const kind of PERMISSION_KINDS) {
    const value = input[kind];
    if (value === undefined || value === false) continue;
    const items = typeof value === "string" ? [value] : value;
    permissions[kind] = items === true || (kind !== "read" && kind !== "write")
      ? items
      : items.map((path) => absolutePath(path, base));
  }
  return Object.keys(permissions).length === 0 ? undefined : permissions;
}
