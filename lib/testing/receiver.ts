/**
 * A connection without a socket: takes pieces of bytes, and has the loop that serves cut and decode them.
 *
 * @module
 */

import type { AnyProtocol, Codec } from "../contract/protocol.ts";
import type { Peer, Side } from "../contract/connection.ts";
import type { Limits } from "../contract/limits.ts";
import { FrameLoop, type FrameSink, Hold } from "../framing/frame_loop.ts";
import { type Handling, lend } from "./lend.ts";

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
  /** What ended it: a throw, an invalid length from `input`, a frame over the limit. */
  failure: Error | undefined;

  readonly peer: TestPeer;
  readonly #loop: FrameLoop;

  /** Opens it. */
  constructor(codec: Codec<unknown>, peer: TestPeer, handling: Handling = "served") {
    this.peer = peer;
    this.#loop = new FrameLoop(peer, this.#sink(), { datagrams: false });
    this.#loop.setCodec(lend(codec, handling));
    peer.close = () => this.#close();
  }

  /** How many bytes wait for more. */
  get waiting(): number {
    return this.#loop.buffer.length;
  }

  /** Takes a piece of the stream, and whatever frames it completes. */
  push(piece: Uint8Array): void {
    const { buffer } = this.#loop;
    for (let at = 0; at < piece.length && this.#loop.isFree;) {
      const room = buffer.room();
      const part = piece.subarray(at, at + room.length);
      room.set(part);
      buffer.commit(part.length);
      at += part.length;
      if (at === piece.length || buffer.isFull) this.#loop.pass();
    }
  }

  /** Ends the stream. */
  end(): void {
    this.#loop.endOfStream();
  }

  #sink(): FrameSink {
    return {
      message: (message) => {
        this.#keepFrame();
        this.messages.push(message);
      },
      skipped: () => this.#keepFrame(),
      failed: (thrown) => {
        this.failure ??= causeOf(thrown);
        this.#close();
      },
      end() {},
      ended() {},
      lost() {},
      busy() {},
      passed() {},
    };
  }

  #keepFrame(): void {
    this.frames.push(this.#loop.buffer.frame.slice());
  }

  #close(): void {
    this.peer.closed = true;
    this.#loop.hold(Hold.closed);
    this.#loop.buffer.clear();
  }
}

/** What a codec threw, if it did; otherwise the loop's error. */
function causeOf(thrown: unknown): Error {
  const cause = thrown instanceof Error && Object.hasOwn(thrown, "cause") ? thrown.cause : thrown;
  return cause instanceof Error ? cause : new NoErrorThrown(`something that is no Error: ${String(cause)}`);
}
