/**
 * The schema of what runs a service: instances, isolation, processes, permissions.
 *
 * @module
 */

import * as z from "zod";
import { formatDuration } from "../base/units.ts";
import { DEFAULT_POOL } from "../spec/pool_spec.ts";
import {
  choice,
  count,
  duration,
  flag,
  hostName,
  line,
  mapping,
  named,
  optional,
  optionalMapping,
} from "./schema_builders.ts";

/** No machine runs more instances of a service, or more processes for its connections. */
const MAX_INSTANCES = 1024;
const MAX_PROCESSES = 65_536;

const pool = named(
  "PoolInput",
  "The processes of `isolation: connection`, counted over the whole service.",
  mapping("a mapping with size, spare and wait", {
    size: optional(
      count(1, { maximum: MAX_PROCESSES }),
      "The most processes at a time, spare ones included",
      DEFAULT_POOL.size,
    ),
    spare: optional(
      count(0, { maximum: MAX_PROCESSES }),
      "How many processes have loaded the service's code and wait for a connection",
      DEFAULT_POOL.spare,
    ),
    wait: optional(
      duration(),
      "How long a connection waits for a process before it is refused; 0 for any time",
      formatDuration(DEFAULT_POOL.waitMs),
    ),
  }),
);

const permissions = named(
  "PermissionsInput",
  "Deno's permissions as users write them: one item, a list of them, true for all, false for none.",
  mapping("a mapping of permissions", {
    net: permission(
      "`HOST` or `HOST:PORT` to connect to or to listen at, besides the service's own addresses and upstreams",
      { item: hostName.refine((host) => !host.includes("://"), { error: "HOST or HOST:PORT" }) },
    ),
    read: permission("Paths to read, besides the folders of the configuration and of the service's modules"),
    write: permission("Paths to write"),
    env: permission("Environment variables to read", {
      item: line("a variable's name").regex(/^[^=]+$/, { error: "a variable's name" }),
    }),
    run: permission("Programs to run, by name or path"),
    publish: permission("Topics to publish to; `news.*` stands for all that begin with `news.`", {
      byDefault: true,
    }),
    subscribe: permission("Topics to subscribe, in the same way", { byDefault: true }),
  }),
);

const WANTED_ACCOUNT = "a name or a number of the system's";
const account = z.union([
  z.string().regex(/^[A-Za-z_][\w.-]*\$?$|^\d+$/, { error: WANTED_ACCOUNT }),
  z.int({ error: WANTED_ACCOUNT }).nonnegative({ error: WANTED_ACCOUNT }),
], { error: WANTED_ACCOUNT });

/** The keys that say what runs a service. */
export const running = {
  instances: optional(count(1, { maximum: MAX_INSTANCES }), "How many instances share the service", 1),
  reload: optional(
    flag,
    "Whether a reload replaces the service when its configuration or code has changed; false keeps its connections, until it is restarted by name",
    true,
  ),
  isolation: optional(
    choice(["process", "worker", "connection"]),
    "What an instance runs in: a process of its own, a worker of the server's process, or a process for each connection",
    { words: '"process" where the server may run programs, else "worker"' },
  ),
  pool: optionalMapping(pool, "The processes of `isolation: connection`"),
  user: optional(
    account,
    "The user that the service's processes run as, by name or number, where the server runs as root",
    { words: "the server's" },
  ),
  group: optional(account, "The group that they run as, by name or number", { words: "the user's" }),
  permissions: optionalMapping(permissions, "What the service's code may do besides serving its addresses"),
};

function permission(
  description: string,
  { byDefault, item = line("an item") }: { byDefault?: boolean; item?: z.ZodString } = {},
): z.ZodOptional<z.ZodType<boolean | string | string[]>> {
  const some: z.ZodType<boolean | string | string[], boolean | string | string[]> = z.union(
    [z.boolean(), item, z.array(item)],
    { error: "an item, a list of them, true or false" },
  );
  return optional(some, description, byDefault);
}
