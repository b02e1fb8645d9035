/**
 * Unix sockets that can be replaced while they are in use: each is bound under a name of its own and then renamed over
 * the path, so that a successor takes over without a moment in which nobody listens.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { LayeredTransport } from "./layered.ts";
import type { Transport } from "./transport.ts";

/** What is said of a path where somebody listens already. */
export const ANOTHER_LISTENS = "another server listens there";

/** Whether this system has unix sockets, as Deno sees it. */
export const hasUnixSockets: boolean = Deno.build.os !== "windows";

/** A unix socket at its path. */
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
   * @param options.mode Permissions of the socket, in force from its first moment.
   * @param options.exclusive Whether a socket there that somebody listens at is an error, and not a predecessor.
   * @throws {Deno.errors.AddrInUse} If there is something else at the path, or, when exclusive, a live socket.
   */
  static async listen(
    path: string,
    options: { mode?: number; exclusive?: boolean } = {},
  ): Promise<UnixListener> {
    await makeWay(path, options.exclusive ?? false);
    const { nursery, born } = birthplaceOf(path);
    Deno.mkdirSync(nursery, { recursive: true, mode: 0o700 });
    remove(born);
    try {
      const listener = Deno.listen({ transport: "unix", path: born });
      if (options.mode !== undefined) Deno.chmodSync(born, options.mode);
      Deno.renameSync(born, path);
      return new UnixListener(listener, path);
    } finally {
      remove(born);
      remove(nursery);
    }
  }

  async accept(): Promise<Transport> {
    // The socket itself only knows the name it was born under.
    const addresses = { localAddr: this.addr, remoteAddr: this.addr };
    return new LayeredTransport(await this.#listener.accept(), addresses);
  }

  /** Stops listening; the path goes too unless a successor has taken it. */
  close(): void {
    this.#listener.close();
    try {
      if (Deno.statSync(this.addr.path).ino === this.#inode) Deno.removeSync(this.addr.path);
    } catch { /* gone already */ }
  }
}

/**
 * Where a socket has its first name: in a folder beside its path. Short, as the path of a socket has 107 bytes at most,
 * and always the same, so that it can be permitted.
 */
export function birthplaceOf(path: string): { nursery: string; born: string } {
  const nursery = join(dirname(path), `.${basename(path).slice(0, 12)}.new`);
  return { nursery, born: join(nursery, "s") };
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it is not there: it has moved to its place, or there was nothing left behind */ }
}

/** Removes what a dead server left at the path. */
async function makeWay(path: string, exclusive: boolean): Promise<void> {
  let found;
  try {
    found = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!found.isSocket) {
    throw new Deno.errors.AddrInUse(`${path} is there already and is no socket`);
  }
  if (!exclusive) return;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch {
    return await Deno.remove(path);
  }
  throw new Deno.errors.AddrInUse(ANOTHER_LISTENS);
}
