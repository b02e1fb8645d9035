/**
 * A process's end of the way by which it is handed its only connection: a unix socket that nobody but its pool knows,
 * gone as soon as the connection is there.
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

  /** Takes the connection in, which is that peer's. */
  async take({ remote, local }: HandedPeer): Promise<Transport> {
    this.#handed = new HandedTransport(await this.#listener.accept(), {
      remoteAddr: remote,
      localAddr: local,
    });
    this.close();
    return this.#handed;
  }

  /** Its peer has reset the connection. */
  reset(): void {
    this.#handed?.reset();
  }

  /** Takes none any more. */
  close(): void {
    try {
      this.#listener.close();
    } catch { /* it is closed already */ }
  }
}

/** A connection that has the addresses that it had where it was accepted. */
class HandedTransport extends LayeredTransport {
  #isReset = false;

  override async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.base.read(into);
    } catch (error) {
      throw this.#isReset ? new Deno.errors.ConnectionReset("Connection reset by peer") : error;
    }
  }

  /** A unix socket cannot carry a reset, so it is told beside. */
  reset(): void {
    this.#isReset = true;
    closeQuietly(this.base);
  }
}
