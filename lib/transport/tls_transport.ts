/**
 * A TLS socket of `node:tls` as a transport.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import { ConnectionError } from "../contract/connection_error.ts";
import type { TransportDuplex } from "./duplex.ts";
import type { Transport } from "./transport.ts";

/**
 * While more decrypted bytes than this are unread, nothing is read from the wire. At 64 KiB the socket would stop by
 * itself and then lose the end of the stream; one more chunk and the record that it completes stay below that.
 */
const MAX_WAITING_BYTES = 24 * 1024;

/** How long a closing socket has to send its close_notify to a peer that does not read. */
const CLOSE_MS = 1000;

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
    for (const stream of [socket, duplex]) stream.on("error", (error: Error) => this.#error ??= error);
    this.#watchEnd();
    socket.on("close", () => {
      if (!this.#ended) this.#error ??= truncated();
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

  /** Ends with a close_notify, unless there has been one. */
  close(): void {
    const socket = this.#socket;
    this.#ended = true;
    this.#awake();
    if (socket.destroyed || this.#duplex.writableFinished || this.#error !== undefined) return this.abort();
    const timer = setTimeout(() => this.abort(), CLOSE_MS);
    this.#duplex.once("finish", () => {
      clearTimeout(timer);
      this.abort();
    });
    socket.end();
  }

  /** Ends without a close_notify, if there has been none. */
  abort(): void {
    this.#ended = true;
    this.#socket.destroy();
    this.#awake();
  }

  /**
   * Finds out whether the peer's stream ends with a close_notify or with that of the transport: then it may be cut off
   * (RFC 8446, section 6.1). The socket tells either end in the same way, but the first before the transport's.
   */
  #watchEnd(): void {
    const socket = this.#socket;
    const push = socket.push;
    socket.push = (chunk, encoding) => {
      if (chunk === null && this.#duplex.peerEnded) this.#error ??= truncated();
      return push.call(socket, chunk, encoding);
    };
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function truncated(): ConnectionError {
  return new ConnectionError(
    "tls_truncated",
    "Cannot tell whether all has come: the peer ended the connection without TLS's close_notify",
  );
}
