/**
 * Where a pool process is handed its only connection: a unix socket that only its pool knows, closed as soon as the
 * connection has arrived.
 *
 * @module
 */

import type { HandedPeer } from "../spec/pool_spec.ts";
import { LayeredTransport } from "./layered.ts";
import { closeQuietly, type Transport } from "./transport.ts";

/** Waits for one connection. */
export class HandoffSocket {
  readonly #listener: Deno.UnixListener;
  #handed: HandedTransport | undefined;

  constructor(path: string) {
    this.#listener = Deno.listen({ transport: "unix", path });
  }

  /** Accepts the connection of a peer, with the addresses that it has. */
  async take({ remote, local }: HandedPeer): Promise<Transport> {
    this.#handed = new HandedTransport(await this.#listener.accept(), {
      remoteAddr: remote,
      localAddr: local,
    });
    this.close();
    return this.#handed;
  }

  /** The peer has reset the connection. */
  reset(): void {
    this.#handed?.reset();
  }

  /** Stops listening. */
  close(): void {
    try {
      this.#listener.close();
    } catch { /* already closed */ }
  }
}

/** The connection, with the addresses that it had where it was accepted. */
class HandedTransport extends LayeredTransport {
  #isReset = false;

  override async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.base.read(into);
    } catch (error) {
      throw this.#isReset ? new Deno.errors.ConnectionReset("Connection reset by peer") : error;
    }
  }

  /** A unix socket cannot carry a reset, so the pool reports it in a message. */
  reset(): void {
    this.#isReset = true;
    closeQuietly(this.base);
  }
}
