/**
 * The base of transports that change something about another one.
 *
 * @module
 */

import { abortQuietly, type Transport } from "./transport.ts";

/** Delegates to the transport beneath; may have addresses of its own. */
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

  abort(): void {
    abortQuietly(this.base);
  }
}
