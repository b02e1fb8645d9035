/**
 * The user and group that a child process runs as, where the server runs as root: what its code then does on the system it
 * does as that user, whatever permissions it was given.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { parseEndpoint } from "../contract/endpoint.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { failure, InstanceError } from "./instance_error.ts";

/** A user and a group, by number. */
export interface Identity {
  uid: number;
  gid: number;
}

/** Ports below this one are root's, and those of who has this capability. */
const FIRST_FREE_PORT = 1024;
const LOW_PORTS = "net_bind_service";

/**
 * Looks up whom a service is to run as.
 *
 * @returns Undefined if it names nobody, or who it names runs the server already.
 * @throws {InstanceError} If there is no such user or group, or if this process may not become another.
 */
export function identityOf({ user, group }: Pick<WorkerSpec, "user" | "group">): Identity | undefined {
  if (user === undefined && group === undefined) return undefined;
  if (Deno.build.os === "windows") throw unusable("Cannot run as another user: not on Windows");
  const own = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  const uid = user === undefined ? own.uid : numberOf("user", user);
  const gid = group !== undefined
    ? numberOf("group", group)
    : user !== undefined
    ? primaryGroup(user)
    : own.gid;
  if (uid === own.uid && gid === own.gid) return undefined;
  if (own.uid !== 0) {
    throw unusable(
      `Cannot run as user ${uid} and group ${gid}: the server runs as user ${own.uid}, wanted root`,
    );
  }
  return { uid, gid };
}

/** A program, its arguments, and whom it is started as. */
export type IdentifiedCommand = [program: string, args: string[], identity: Partial<Identity>];

/** A command as the user; where the service listens at a low port, with the right to that and no other of root's. */
export function commandAs(
  identity: Identity | undefined,
  [program, args]: [program: string, args: string[]],
  { listen }: Pick<WorkerSpec, "listen">,
): IdentifiedCommand {
  if (identity === undefined) return [program, args, {}];
  if (Deno.build.os !== "linux" || !listen.some(isLow)) return [program, args, identity];
  const only = `-all,+${LOW_PORTS}`;
  const { uid, gid } = identity;
  return ["setpriv", [
    ...["--reuid", String(uid), "--regid", String(gid), "--clear-groups", "--no-new-privs"],
    ...["--inh-caps", only, "--ambient-caps", only, "--bounding-set", only],
    // By its plain path Deno takes this for a program of Node's, and rewrites what follows.
    join(dirname(program), "/") + `./${basename(program)}`,
    ...args,
  ], {}];
}

/** Gives a folder of the server's, and the files in it, to the user whose process is to use them. */
export function handOver(folder: string | undefined, identity: Identity | undefined): void {
  if (folder === undefined || identity === undefined) return;
  const { uid, gid } = identity;
  for (const { name, isSymlink } of Deno.readDirSync(folder)) {
    if (!isSymlink) Deno.chownSync(join(folder, name), uid, gid);
  }
  Deno.chownSync(folder, uid, gid);
}

function isLow(address: string): boolean {
  const endpoint = parseEndpoint(address);
  return endpoint.transport !== "unix" && endpoint.port > 0 && endpoint.port < FIRST_FREE_PORT;
}

const found: Map<string, number> = new Map();

function numberOf(kind: "user" | "group", name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  return kind === "user"
    ? lookUp(kind, name, ["id", "-u", name])
    : lookUp(kind, name, ["getent", "group", name]);
}

/** The group that a user has; of one that no list names, the one with his number. */
function primaryGroup(user: string): number {
  try {
    return lookUp("user", user, ["id", "-g", user]);
  } catch (error) {
    if (/^\d+$/.test(user)) return Number(user);
    throw error;
  }
}

function lookUp(kind: "user" | "group", name: string, [program, ...args]: string[]): number {
  const key = `${program} ${args.join(" ")}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const { success, stdout } = new Deno.Command(program, { args, stdin: "null" }).outputSync();
  const number = /^(?:[^:]*:[^:]*:)?(\d+)/.exec(new TextDecoder().decode(stdout))?.[1];
  if (!success || number === undefined) {
    throw unusable(`Cannot run as ${kind} ${JSON.stringify(name)}: the system knows no such ${kind}`);
  }
  found.set(key, Number(number));
  return Number(number);
}

function unusable(message: string): InstanceError {
  return new InstanceError(failure("bad_user", message));
}
