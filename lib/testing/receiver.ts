/**
 * A connection without a socket: takes pieces of bytes and drives `input` and `decode` over them as the contract says.
 *
 * @module
 */

import { type AnyProtocol, type Codec, skip } from "../contract/protocol.ts";
import type { Peer, Side } from "../contract/connection.ts";
import type { Limits } from "../contract/limits.ts";

/** What a codec under test sees of a connection. */
export interface TestPeer extends Peer {
  /** Whether the codec has called `close`. */
  closed: boolean;
}

/** Makes one end of a connection that carries nothing. */
export function createPeer(protocol: AnyProtocol, side: Side, limits: Limits): TestPeer {
  const server: Deno.Addr = { transport: "tcp", hostname: "127.0.0.1", port: 1234 };
  const client: Deno.Addr = { transport: "tcp", hostname: "127.0.0.1", port: 50_000 };
  return {
    id: "test.1.0.1",
    side,
    transport: "tcp",
    remoteAddr: side === "server" ? client : server,
    localAddr: side === "server" ? server : client,
    limits,
    session: protocol.session?.(),
    closed: false,
    close() {
      this.closed = true;
    },
  };
}

/**
 * How the bytes reach the codec: each buffer from the start of its memory, as a window with foreign bytes on both
 * sides, or in memory that is overwritten after each call.
 */
export type Handling = "plain" | "window" | "overwrite";

/** The bytes before and behind a window. */
const MARGIN_BYTES = 7;
const FOREIGN = 0xee;

/** A throw of something that is no `Error`. */
export class NoErrorThrown extends TypeError {
  override readonly name = "NoErrorThrown";
}

/** The receiving end of a connection. */
export class Receiver {
  /** What `decode` and `end` made, without what they skipped. */
  readonly messages: unknown[] = [];
  /** Copies of the frames. */
  readonly frames: Uint8Array[] = [];
  /** What ended it: a throw, a bad answer of `input`, a frame beyond the limit. */
  failure: Error | undefined;

  readonly peer: TestPeer;
  readonly #codec: Codec<unknown>;
  readonly #handling: Handling;
  readonly #margin: number;
  #memory = new Uint8Array(256);
  #length = 0;
  #from = 0;
  #need = 0;

  /** Opens it. */
  constructor(codec: Codec<unknown>, peer: TestPeer, handling: Handling = "plain") {
    this.#codec = codec;
    this.peer = peer;
    this.#handling = handling;
    this.#margin = handling === "window" ? MARGIN_BYTES : 0;
    this.#memory.fill(FOREIGN);
  }

  /** How many bytes wait for more. */
  get waiting(): number {
    return this.failure || this.peer.closed ? 0 : this.#length;
  }

  /** Takes a piece of the stream, and whatever frames it completes. */
  push(piece: Uint8Array): void {
    if (this.failure || this.peer.closed) return;
    this.#append(piece);
    try {
      while (!this.peer.closed && this.#takeFrame());
    } catch (thrown) {
      this.failure = asError(thrown);
    }
  }

  /** Ends the stream. */
  end(): void {
    if (this.waiting === 0 || !this.#codec.end) return;
    try {
      this.#deliver(this.#codec.end(this.#view(this.#length).slice(), this.peer));
    } catch (thrown) {
      this.failure = asError(thrown);
    }
  }

  #takeFrame(): boolean {
    const max = this.peer.limits.maxFrameBytes;
    if (this.#need === 0) {
      if (this.#length === this.#from) return false;
      const from = this.#from;
      const need = this.#handling === "overwrite"
        ? this.#lend(this.#length, (buffer) => this.#codec.input(buffer, this.peer, from))
        : this.#codec.input(this.#view(this.#length), this.peer, from);
      if (!Number.isInteger(need) || need < 0) {
        throw new RangeError(`input answered ${String(need)}, wanted a whole number, at least 0`);
      }
      if (need > max || (need === 0 && this.#length >= max)) {
        throw new RangeError(`the frame is longer than the limit of ${max} bytes`);
      }
      if (need === 0) {
        this.#from = this.#length;
        return false;
      }
      this.#need = need;
    }
    const need = this.#need;
    if (need > this.#length || this.peer.closed) return false;
    this.frames.push(this.#view(need).slice());
    const message = this.#lend(need, (frame) => this.#codec.decode(frame, this.peer));
    this.#memory.copyWithin(this.#margin, this.#margin + need, this.#margin + this.#length);
    this.#length -= need;
    this.#from = this.#need = 0;
    this.#deliver(message);
    return this.#length > 0;
  }

  #deliver(message: unknown): void {
    if (message !== skip) this.messages.push(message);
  }

  #lend<T>(length: number, use: (bytes: Uint8Array) => T): T {
    switch (this.#handling) {
      case "plain":
        return use(this.#view(length).slice());
      case "window": {
        const memory = new Uint8Array(length + 2 * this.#margin).fill(FOREIGN);
        memory.set(this.#view(length), this.#margin);
        return use(memory.subarray(this.#margin, this.#margin + length));
      }
      case "overwrite": {
        const bytes = this.#view(length).slice();
        try {
          return use(bytes);
        } finally {
          // Every bit turned round: whatever the bytes were, a codec that kept them has others now.
          for (let i = 0; i < length; i++) bytes[i] ^= 0xff;
        }
      }
      default:
        return this.#handling satisfies never;
    }
  }

  #view(length: number): Uint8Array {
    return this.#memory.subarray(this.#margin, this.#margin + length);
  }

  #append(piece: Uint8Array): void {
    const end = this.#margin + this.#length;
    if (end + piece.length + this.#margin > this.#memory.length) {
      const memory = new Uint8Array(2 * (end + piece.length + this.#margin)).fill(FOREIGN);
      memory.set(this.#memory.subarray(0, end));
      this.#memory = memory;
    }
    this.#memory.set(piece, end);
    this.#length += piece.length;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new NoErrorThrown(`something that is no Error: ${String(thrown)}`);
}
