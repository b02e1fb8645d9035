/**
 * Unix sockets that a successor can take over without a gap: each is bound at a temporary path and then renamed over its
 * own.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { LayeredTransport } from "./layered.ts";
import type { Transport } from "./transport.ts";

/** The reason why a path cannot be used when a server listens there. */
export const ANOTHER_LISTENS = "another server listens there";

/** Whether Deno supports unix sockets on this system. */
export const hasUnixSockets: boolean = Deno.build.os !== "windows";

/** A listening unix socket. */
export class UnixListener {
  readonly addr: Deno.UnixAddr;
  readonly #listener: Deno.UnixListener;
  readonly #inode: number | null;

  private constructor(listener: Deno.UnixListener, path: string) {
    this.#listener = listener;
    this.addr = { transport: "unix", path };
    this.#inode = Deno.statSync(path).ino;
  }

  /**
   * Listens at a path.
   *
   * @param options.mode Permissions of the socket, set before it appears at its path.
   * @param options.exclusive Whether a live socket at the path is an error; else it is a predecessor to replace.
   * @throws {Deno.errors.AddrInUse} If the path is not a socket, or, when exclusive, a live one.
   */
  static async listen(
    path: string,
    options: { mode?: number; exclusive?: boolean } = {},
  ): Promise<UnixListener> {
    await claimPath(path, options.exclusive ?? false);
    const { folder, temporary } = temporaryPathOf(path);
    makeFolder(folder, temporary);
    try {
      const listener = Deno.listen({ transport: "unix", path: temporary });
      if (options.mode !== undefined) Deno.chmodSync(temporary, options.mode);
      Deno.renameSync(temporary, path);
      return new UnixListener(listener, path);
    } finally {
      remove(temporary);
      remove(folder);
    }
  }

  async accept(): Promise<Transport> {
    // The socket itself reports its temporary path.
    const addresses = { localAddr: this.addr, remoteAddr: this.addr };
    return new LayeredTransport(await this.#listener.accept(), addresses);
  }

  /** Stops listening, and removes the path unless a successor has taken it over. */
  close(): void {
    this.#listener.close();
    try {
      if (Deno.statSync(this.addr.path).ino === this.#inode) Deno.removeSync(this.addr.path);
    } catch { /* already gone */ }
  }
}

/**
 * Where a socket is bound first: in a folder beside its path. The name is short, since socket paths have at most 107
 * bytes, and always the same, so that permissions can name it.
 */
export function temporaryPathOf(path: string): { folder: string; temporary: string } {
  const folder = join(dirname(path), `.${basename(path).slice(0, 12)}.new`);
  return { folder, temporary: join(folder, "s") };
}

/**
 * Makes the folder of a socket's first path, but none above it: a mistyped path is not to make folders. One that is there
 * already, or a link, may be another user's, who could put a socket in place of this one: what a killed server has left is
 * removed, and no folder is used but a new one.
 *
 * @throws {Deno.errors.AddrInUse} If what is there cannot be removed.
 */
function makeFolder(folder: string, temporary: string): void {
  // What lies behind a link is somebody else's.
  if (isFolder(folder)) remove(temporary);
  remove(folder);
  try {
    Deno.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new Deno.errors.AddrInUse(
        `${folder} is in the way and cannot be removed: remove it, or use another path`,
      );
    }
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`there is no folder ${dirname(folder)}`);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* renamed to its path, or never there */ }
}

/** Makes sure that the path can be taken: removes the socket that a dead server has left there. */
async function claimPath(path: string, exclusive: boolean): Promise<void> {
  let found;
  try {
    found = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!found.isSocket) {
    throw new Deno.errors.AddrInUse(`${path} exists and is not a socket`);
  }
  if (!exclusive) return;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    // Anything else, such as a full backlog or a missing permission, comes of a server that is alive.
    if (error instanceof Deno.errors.ConnectionRefused) return await Deno.remove(path);
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Deno.errors.AddrInUse(`${path} belongs to another user`);
    }
  }
  throw new Deno.errors.AddrInUse(ANOTHER_LISTENS);
}
