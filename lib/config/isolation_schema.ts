/**
 * The schema of what a service runs in and what its code may do.
 *
 * @module
 */

import * as z from "zod";
import { PERMISSION_KINDS, type PermissionKind } from "../spec/permissions.ts";
import { choice, count, duration, mapping, orEmpty } from "./schema_helpers.ts";

const DESCRIPTIONS: Readonly<Record<PermissionKind, string>> = {
  net: "HOST or HOST:PORT to connect to or to listen at, beside the service's own addresses and upstreams",
  read: "Paths to read, beside the folders of the configuration and of the service's modules",
  write: "Paths to write",
  env: "Names of environment variables to read",
  run: "Programs to run, by name or path",
};

/** The schemas of `isolation`, `pool` and `permissions`. */
export function isolationSchemas(): Record<string, z.ZodType> {
  return {
    isolation: choice(["process", "worker", "connection"]).optional().describe(
      "What an instance runs in: a process of its own, the default wherever programs may be run; a worker of the server's process; or a process for each connection",
    ),
    pool: orEmpty(mapping("a mapping with size, spare and wait", {
      size: count(1).optional().describe(
        "The most processes at a time, spare ones among them; 64 by default",
      ),
      spare: count(0).optional().describe(
        "So many have loaded the service's code and wait for a connection; 4 by default",
      ),
      wait: duration(
        "So long a connection waits for a process before it is refused; 10s by default, 0 for any time",
      ).optional(),
    })).describe("The processes of isolation: connection; counts are of the whole service"),
    permissions: orEmpty(
      mapping(
        "a mapping of permissions",
        Object.fromEntries(PERMISSION_KINDS.map((kind) => [kind, permission(DESCRIPTIONS[kind])])),
      ),
    ).describe("What the service's code may do beyond what the service needs"),
  };
}

function permission(description: string): z.ZodType {
  const item = z.string().min(1);
  return z.union([z.boolean(), item, z.array(item)], { error: "an item, a list of them, true or false" })
    .optional().describe(`${description}: one, a list of them, or true for all`);
}
