/**
 * A transport over another, for those that change a part of it.
 *
 * @module
 */

import type { Transport } from "./transport.ts";

/** Does all as the transport beneath does it, and has other addresses if it is given some. */
export class LayeredTransport implements Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  protected readonly base: Transport;

  constructor(base: Transport, addresses: Pick<Transport, "localAddr" | "remoteAddr"> = base) {
    this.base = base;
    this.localAddr = addresses.localAddr;
    this.remoteAddr = addresses.remoteAddr;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.base.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.base.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.base.closeWrite();
  }

  close(): void {
    this.base.close();
  }
}
