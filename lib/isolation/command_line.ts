/**
 * The command line of a child process: this executable with another command, or its own entry.
 *
 * From source that is `deno run` with the permissions of the service and no others. An executable takes no permission
 * flags: there only the permissions of the service's isolate within the child apply, as they also do from source.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { CHILD_COMMAND } from "./child_command.ts";
import { type Grant, granted, grantOf } from "./grant.ts";
import { PERMISSION_KINDS, type Permissions } from "../spec/permissions.ts";

const PROGRAM = new URL("../../main.ts", import.meta.url).href;
/** What a child runs from source. */
const CHILD = new URL("../worker/child_main.ts", import.meta.url).href;
const CONFIGS: readonly string[] = ["deno.json", "deno.jsonc"];

/** Why no child process can be started here; undefined if one can. */
export function whyNoChild(): string | undefined {
  if (Deno.build.standalone && Deno.mainModule !== PROGRAM) {
    return "this executable is another program that embeds protohost";
  }
  if (!granted({ name: "run", command: Deno.execPath() })) {
    return "the server has no permission to run programs (--allow-run)";
  }
  return undefined;
}

/**
 * The arguments for Deno's or the program's own executable.
 *
 * @param options.config The deno.json by which the code of services resolves its imports. @default {that of the program}
 * @param options.lock A lock file that the child may write; without, it may not import what is in none.
 * @param options.compiled Whether it keeps compiled code in its cache, and runs what it finds there. @default {false}
 */
export function childArguments(
  permissions: Permissions,
  { config = projectConfig(), lock, compiled = false }: {
    config?: string;
    lock?: string;
    compiled?: boolean;
  } = {},
): string[] {
  const command = [CHILD_COMMAND, String(Deno.pid)];
  if (Deno.build.standalone) return command;
  return [
    "run",
    "--quiet",
    "--no-prompt",
    // Deno's own cache is shared: what a sandboxed child could write there would run in the next server.
    ...(compiled ? [] : ["--no-code-cache"]),
    // A service without `net` downloads nothing, and nothing that it imports changes the lock file.
    "--cached-only",
    ...(lock === undefined ? ["--frozen"] : ["--lock", lock]),
    "--unstable-net",
    "--unstable-worker-options",
    // Without it a call with this transport ends the process, where a refusal is wanted.
    "--unstable-vsock",
    ...(config === undefined ? [] : ["--config", config]),
    ...permissionFlags(grantOf(permissions)),
    CHILD,
    ...command,
  ];
}

/** Deno's flags for permissions. */
export function permissionFlags(grant: Grant): string[] {
  return PERMISSION_KINDS.flatMap((kind) => {
    const value = grant[kind];
    if (value === true) return [`--allow-${kind}`];
    // A comma within an item is doubled.
    return Array.isArray(value)
      ? [`--allow-${kind}=${value.map((item) => item.replaceAll(",", ",,")).join(",")}`]
      : [];
  });
}

let found: { config: string | undefined } | undefined;

/** The deno.json of the running program: the imports of services resolve by it. */
export function projectConfig(): string | undefined {
  found ??= { config: nearestConfig() };
  return found.config;
}

function nearestConfig(): string | undefined {
  if (!Deno.mainModule.startsWith("file:")) return undefined;
  for (let folder = new URL("./", Deno.mainModule);; folder = new URL("../", folder)) {
    for (const name of CONFIGS) {
      const file = new URL(name, folder);
      if (isFile(file)) return fromFileUrl(file);
    }
    if (folder.pathname === new URL("../", folder).pathname) return undefined;
  }
}

function isFile(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}
