/**
 * A TLS socket of `node:tls` as a transport.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import type { TransportDuplex } from "./duplex.ts";
import type { Transport } from "./transport.ts";

/**
 * While more decrypted bytes than this are unread, nothing is read from the wire. At 64 KiB the socket would stop by
 * itself and then lose the end of the stream; one more chunk and the record that it completes stay below that.
 */
const MAX_WAITING_BYTES = 24 * 1024;
/** Reads and writes what the socket decrypts and encrypts. */
export class TlsTransport implements Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly #socket: TLSSocket;
  readonly #duplex: TransportDuplex;
  #left: Uint8Array | undefined;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, duplex: TransportDuplex, base: Transport) {
    this.#socket = socket;
    this.#duplex = duplex;
    duplex.pauseWhile(() => socket.readableLength > MAX_WAITING_BYTES);
    this.localAddr = base.localAddr;
    this.remoteAddr = base.remoteAddr;
    socket.on("readable", () => this.#awake());
    socket.on("end", () => {
      this.#ended = true;
      this.#awake();
    });
    socket.on("error", (error: Error) => this.#error ??= error);
    socket.on("close", () => {
      this.#ended = true;
      this.#awake();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk = this.#left ?? this.#socket.read() as Uint8Array | null;
      if (chunk !== null) {
        this.#duplex.resumeReading();
        const count = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, count));
        this.#left = count < chunk.length ? chunk.subarray(count) : undefined;
        return count;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        return reject(this.#error ?? new Deno.errors.BrokenPipe("The TLS socket is closed"));
      }
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
