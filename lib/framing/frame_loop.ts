/**
 * From bytes received to messages handled, in order: contract points 3, 5, 8 and 10.
 *
 * One pass delivers every complete frame that waits. Anything may hold delivery back, for any of several reasons at once
 * (a bit each); when the last one is released the pass goes on.
 *
 * @module
 */

import { toError } from "../base/error_record.ts";
import { ConnectionError, type ConnectionErrorCode } from "../contract/connection_error.ts";
import { type Codec, skip } from "../contract/protocol.ts";
import type { Peer } from "../contract/connection.ts";
import { FrameBuffer } from "./frame_buffer.ts";
import { type LineReading, lineReadingOf } from "./line_decoder.ts";

/** Reasons to hold delivery back. */
export const Hold = {
  /** `pause()` was called. */
  paused: 1,
  /** A callback's promise is pending. */
  busy: 2,
  /** `maxSendBytes` are queued. */
  full: 4,
  /** What stands under the connection is being replaced. */
  upgrading: 8,
  /** The connection is closing or closed. */
  closed: 16,
} as const;

/** Whom messages are delivered to. */
export interface FrameSink {
  /** Handles a message; the frame that it came in was the last that the buffer cut. A promise holds back the next one. */
  message(message: unknown): unknown;
  /** Hears of whole frames, and of a last one that is not, that make no message. */
  skipped(): void;
  /** The peer has ended its half and every message is handled. */
  end(): unknown;
  /** That is handled too. */
  ended(): void;
  /** What was received is bad, or handling it failed: ends the connection. `frame` is what could not be decoded. */
  failed(thrown: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void;
  /** Something was lost, which the connection survives. */
  lost(error: ConnectionError): void;
  /** A callback's promise is pending, or is so no more. */
  busy(pending: boolean): void;
  /** A pass is over. `framed` says whether it found a complete frame. */
  passed(framed: boolean): void;
}

/** The receiving half of one connection. */
export class FrameLoop {
  readonly buffer: FrameBuffer;
  readonly #peer: Peer;
  readonly #receiver: FrameSink;
  readonly #datagrams: boolean;
  // deno-lint-ignore no-explicit-any
  #codec!: Codec<any, any>;
  /** How the codec reads lines, if it does. */
  #lines: LineReading | undefined;
  #held = 0;
  #inPass = false;
  /** The datagram whose end is still to come. */
  #datagram: "none" | "begun" | "empty" = "none";
  /** The peer's half: open, ended with frames still to deliver, with `end` to call, and done with. */
  #end: "open" | "frames" | "end" | "done" = "open";

  constructor(peer: Peer, receiver: FrameSink, options: { datagrams: boolean }) {
    this.buffer = new FrameBuffer(peer.limits.maxFrameBytes);
    this.#peer = peer;
    this.#receiver = receiver;
    this.#datagrams = options.datagrams;
  }

  /** Whether nothing holds delivery back. */
  get isFree(): boolean {
    return this.#held === 0;
  }

  /** Whether a promise is pending. */
  get isBusy(): boolean {
    return (this.#held & Hold.busy) !== 0;
  }

  /** Whether a pass is under way, which ends with {@linkcode FrameSink.passed}. */
  get isPassing(): boolean {
    return this.#inPass;
  }

  /** Whether the peer has ended its half. */
  get peerEnded(): boolean {
    return this.#end !== "open";
  }

  /** Whether everything before that end is handled. */
  get isDone(): boolean {
    return this.#end === "done";
  }

  /** Cuts and decodes by this codec from now on. */
  // deno-lint-ignore no-explicit-any
  setCodec(codec: Codec<any, any>): void {
    this.#codec = codec;
    this.#lines = lineReadingOf(codec);
    this.buffer.reset();
  }

  hold(reason: number): void {
    this.#held |= reason;
  }

  /** Takes a reason away; goes on if it was the last. */
  release(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if (this.#held === 0) this.pass();
  }

  /** Takes a callback's answer: a promise holds delivery back until it settles. */
  settle(answer: unknown): void {
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== "function") return;
    this.hold(Hold.busy);
    this.#receiver.busy(true);
    (answer as PromiseLike<unknown>).then(() => this.#settled(), (error) => {
      this.#receiver.failed(error, "handler_error");
      this.#settled();
    });
  }

  /** The peer has ended its half. */
  endOfStream(): void {
    if (this.#end === "open") this.#end = "frames";
    this.pass();
  }

  /** Takes a whole datagram. Only while nothing of the one before is left. */
  datagram(datagram: Uint8Array<ArrayBuffer>): void {
    this.buffer.load(datagram);
    this.#datagram = datagram.length === 0 ? "empty" : "begun";
    this.pass();
    if (this.buffer.length === 0) this.buffer.release();
  }

  /** Delivers all that can be. */
  pass(): void {
    if (this.#inPass) return;
    this.#inPass = true;
    let framed = false;
    // More than once only if bytes that make no frame are survived, by another codec.
    for (let again = true; again;) {
      again = false;
      try {
        while (this.#held === 0 && this.#passOne()) framed = true;
        if (this.#held === 0) {
          if (this.#datagrams) this.#endDatagram();
          else if (this.#end !== "open") this.#deliverEnd();
        }
      } catch (error) {
        this.#fail(error, "bad_frame");
        again = this.#held === 0;
      }
    }
    this.#inPass = false;
    this.#receiver.passed(framed);
  }

  #settled(): void {
    this.#receiver.busy(false);
    this.release(Hold.busy);
  }

  /** Delivers the next frame; answers whether there was one. */
  #passOne(): boolean {
    const { buffer } = this;
    const lines = this.#lines;
    const line = lines === undefined ? undefined : lines.reader.next(buffer);
    const frame = line === undefined ? buffer.next(this.#codec, this.#peer) : undefined;
    if (line === undefined && frame === undefined) return false;
    let message;
    try {
      message = line === undefined ? this.#codec.decode(frame!, this.#peer) : lines!.read(line, this.#peer);
    } catch (cause) {
      this.#fail(badMessage(cause), "bad_message", buffer.frame);
      return true;
    }
    if ((this.#held & Hold.closed) === 0) this.#deliver(message);
    return true;
  }

  #deliver(message: unknown): void {
    if (message === skip) return this.#receiver.skipped();
    try {
      const answer = this.#receiver.message(message);
      if (answer !== undefined) this.settle(answer);
    } catch (error) {
      this.#receiver.failed(error, "handler_error");
    }
  }

  /** What is received is bad. What is left of a datagram is too, unless another codec has taken over. */
  #fail(error: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void {
    const codec = this.#codec;
    this.#receiver.failed(error, fallback, frame);
    if (this.#datagrams && this.#codec === codec) this.buffer.clear();
  }

  /** The end of a datagram is the end of its last frame, whether the codec sees one there or not. */
  #endDatagram(): void {
    const { buffer } = this;
    const isEmpty = this.#datagram === "empty";
    if (this.#datagram === "none") return;
    this.#datagram = "none";
    const left = buffer.length;
    if (left === 0 && !isEmpty) return;
    if (this.#codec.end !== undefined) return this.#deliverRest(buffer.rest());
    buffer.clear();
    this.#receiver.lost(
      new ConnectionError("bad_frame", `Cannot cut a frame: the datagram ends ${left} bytes into it`),
    );
  }

  #deliverEnd(): void {
    if (this.#end === "frames") {
      this.#end = "end";
      if (this.buffer.length > 0) this.#deliverRest(this.buffer.rest());
    }
    if (this.#end === "end" && this.#held === 0) {
      this.#end = "done";
      try {
        this.settle(this.#receiver.end());
      } catch (error) {
        this.#receiver.failed(error, "handler_error");
      }
    }
    if (this.#end === "done" && this.#held === 0) this.#receiver.ended();
  }

  #deliverRest(rest: Uint8Array): void {
    if (this.#codec.end === undefined) {
      this.#receiver.skipped();
      const found = `the stream ended ${rest.length} bytes into it`;
      return this.#receiver.lost(new ConnectionError("partial_frame", `Cannot complete a frame: ${found}`));
    }
    let message;
    try {
      message = this.#codec.end(rest, this.#peer);
    } catch (cause) {
      return this.#fail(badMessage(cause), "bad_message", rest);
    }
    this.#deliver(message);
  }
}

function badMessage(cause: unknown): ConnectionError {
  const why = toError(cause).message;
  return new ConnectionError("bad_message", `Cannot decode a frame: ${why}`, { cause });
}
