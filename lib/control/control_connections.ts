/**
 * The clients of the control socket. Those that say nothing give way, so that one who has something to say always gets in.
 *
 * @module
 */

import type { Connection } from "../contract/connection.ts";

/** Beyond so many connections the one that has been silent longest is closed for each new one. */
export const MAX_CONNECTIONS = 64;
/** So many requests may be pending at a time. */
export const MAX_PENDING = 32;

/** Keeps count of who is silent, who waits for a reply, and who waits for the server to stop. */
export class ControlConnections {
  readonly #silentMs: number;
  /** The timer of each silent connection, the one that has been silent longest first. */
  readonly #silent: Map<Connection, ReturnType<typeof setTimeout>> = new Map();
  #open = 0;
  #pending = 0;

  /** @param silentMs A connection without a request for so long is closed. */
  constructor(silentMs: number) {
    this.#silentMs = silentMs;
  }

  /** Whether more requests are pending than may be. */
  get isBusy(): boolean {
    return this.#pending > MAX_PENDING;
  }

  /** A client has connected. */
  opened(connection: Connection): void {
    this.#open++;
    if (this.#open > MAX_CONNECTIONS) this.#silent.keys().next().value?.destroy();
    this.#wait(connection);
  }

  /** A client is gone. */
  closed(connection: Connection): void {
    this.#open--;
    this.#end(connection);
  }

  /**
   * Carries out a request of a client, which is not silent meanwhile.
   *
   * @param answer Settles with whether the client waits for more without asking.
   */
  async serve(connection: Connection, answer: () => Promise<boolean>): Promise<void> {
    this.#end(connection);
    this.#pending++;
    try {
      if (!await answer()) this.#wait(connection);
    } finally {
      this.#pending--;
    }
  }

  #wait(connection: Connection): void {
    if (connection.signal.aborted) return;
    this.#silent.set(connection, setTimeout(() => connection.destroy(), this.#silentMs));
  }

  #end(connection: Connection): void {
    clearTimeout(this.#silent.get(connection));
    this.#silent.delete(connection);
  }
}
