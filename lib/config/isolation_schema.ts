/**
 * The schema of what a service runs in and what its code may do.
 *
 * @module
 */

import * as z from "zod";
import { PERMISSION_KINDS, type PermissionKind } from "../isolation/permissions.ts";
import { mapping, orEmpty } from "./shapes.ts";

const DESCRIPTIONS: Readonly<Record<PermissionKind, string>> = {
  net: "HOST or HOST:PORT to connect to or to listen at, beside the service's own addresses and upstreams",
  read: "Paths to read, beside the folders of the configuration and of the service's modules",
  write: "Paths to write",
  env: "Names of environment variables to read",
  run: "Programs to run, by name or path",
};

/** The schemas of `isolation` and `permissions`. */
export function isolationSchemas(): Record<string, z.ZodType> {
  return {
    isolation: z.enum(["process", "worker"], { error: wantedIsolation }).optional().describe(
      "What an instance runs in: a process of its own, the default wherever programs may be run, or a worker of the server's process",
    ),
    permissions: orEmpty(
      mapping(
        "a mapping of permissions",
        Object.fromEntries(PERMISSION_KINDS.map((kind) => [kind, permission(DESCRIPTIONS[kind])])),
      ),
    ).describe("What the service's code may do beyond what the service needs"),
  };
}

function wantedIsolation({ input }: { input?: unknown }): string {
  const later = input === "connection" ? ': "connection" is not available in this version' : "";
  return `one of process, worker${later}`;
}

function permission(description: string): z.ZodType {
  const item = z.string().min(1);
  return z.union([z.boolean(), item, z.array(item)], { error: "an item, a list of them, true or false" })
    .optional().describe(`${description}: one, a list of them, or true for all`);
}
