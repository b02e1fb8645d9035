/**
 * Keeps the control socket at its path: whoever deletes it, as a clean-up of a temporary folder does, must not leave the
 * server without control.
 *
 * @module
 */

import type { Server } from "../embed/listen.ts";
import { serverLog } from "../log/log.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { serveControl } from "./control_server.ts";

/** How often the path is looked at. */
const LOOK_MS = 2_000;

/** The control socket of a server. */
export class ControlSocket {
  readonly #path: string;
  readonly #supervisor: Supervisor;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The latest is the one at the path; those before it serve their open connections. */
  readonly #servers: Server[];
  #isLooking = false;
  #hasFailed = false;
  #isClosed = false;

  private constructor(path: string, supervisor: Supervisor, options: { server: Server; lookMs: number }) {
    this.#path = path;
    this.#supervisor = supervisor;
    this.#servers = [options.server];
    this.#timer = setInterval(() => this.#look(), options.lookMs);
    Deno.unrefTimer(this.#timer);
  }

  /**
   * Opens the control socket of a server.
   *
   * @param path Absolute path.
   * @throws {ListenError} If it cannot listen there, for instance because another server does.
   */
  static async open(
    path: string,
    supervisor: Supervisor,
    { lookMs = LOOK_MS }: { lookMs?: number } = {},
  ): Promise<ControlSocket> {
    return new ControlSocket(path, supervisor, { server: await serveControl(path, supervisor), lookMs });
  }

  /** Cuts all connections and removes the socket. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all(this.#servers.map((server) => server.close({ immediate: true })));
  }

  async #look(): Promise<void> {
    if (this.#isLooking || await exists(this.#path)) return;
    this.#isLooking = true;
    try {
      const server = await serveControl(this.#path, this.#supervisor);
      serverLog().warning("The control socket {path} was deleted: it is there again", { path: this.#path });
      this.#hasFailed = false;
      const old = this.#servers.at(-1)!;
      this.#servers.push(server);
      if (this.#isClosed) await server.close({ immediate: true });
      old.close().finally(() => this.#servers.splice(this.#servers.indexOf(old), 1));
    } catch (error) {
      if (!this.#hasFailed) {
        serverLog().error("The control socket {path} was deleted and cannot be made again: {error}", {
          path: this.#path,
          error,
        });
      }
      this.#hasFailed = true;
    } finally {
      this.#isLooking = false;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    // What else keeps it from being seen keeps it from being made, too.
    return !(error instanceof Deno.errors.NotFound);
  }
}
