/**
 * From bytes received to messages handled, in order: contract points 3, 5, 8 and 10.
 *
 * One pass delivers every complete frame in the buffer. Delivery can be held for several reasons at once (a bit each);
 * when the last one is released, the pass continues.
 *
 * @module
 */

import { toError } from "../base/error_record.ts";
import { ConnectionError, type ConnectionErrorCode } from "../contract/connection_error.ts";
import { type Codec, skip } from "../contract/protocol.ts";
import type { Peer } from "../contract/connection.ts";
import { FrameBuffer } from "./frame_buffer.ts";
import { type LineReading, lineReadingOf } from "./line_decoder.ts";

/** Reasons to hold delivery. */
export const Hold = {
  /** `pause()` was called. */
  paused: 1,
  /** A callback's promise is pending. */
  busy: 2,
  /** `maxSendBytes` are queued. */
  full: 4,
  /** The transport is being replaced. */
  upgrading: 8,
  /** The connection is closing or closed. */
  closed: 16,
} as const;

/** Who messages are delivered to. */
export interface FrameSink {
  /** Handles a message; its frame is the last that the buffer consumed. A promise holds the next message. */
  message(message: unknown): unknown;
  /** A frame made no message, or the stream ended within one. */
  skipped(): void;
  /** The peer has ended its half, and every message is handled. */
  end(): unknown;
  /** What {@linkcode FrameSink.end} returned has settled too. */
  ended(): void;
  /** Received bytes are bad, or handling them failed: ends the connection. `frame` is the one that cannot be decoded. */
  failed(thrown: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void;
  /** Bytes were lost; the connection goes on. */
  lost(error: ConnectionError): void;
  /** A callback's promise is pending, or has settled. */
  busy(pending: boolean): void;
  /** A pass is over. `framed` tells whether it found a complete frame. */
  passed(framed: boolean): void;
}

/** The receiving half of one connection. */
export class FrameLoop {
  readonly buffer: FrameBuffer;
  readonly #peer: Peer;
  readonly #sink: FrameSink;
  readonly #datagrams: boolean;
  // deno-lint-ignore no-explicit-any
  #codec!: Codec<any, any>;
  /** How the codec reads lines, if it does. */
  #lines: LineReading | undefined;
  #held = 0;
  #inPass = false;
  /** The datagram whose end is still to come. */
  #datagram: "none" | "begun" | "empty" = "none";
  /** The peer's half: open; ended, with frames to deliver; with `end` to call; done. */
  #end: "open" | "frames" | "end" | "done" = "open";

  constructor(peer: Peer, sink: FrameSink, options: { datagrams: boolean }) {
    this.buffer = new FrameBuffer(peer.limits.maxFrameBytes);
    this.#peer = peer;
    this.#sink = sink;
    this.#datagrams = options.datagrams;
  }

  /** Whether nothing holds delivery. */
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

  /** Whether everything before that end is handled, and the end itself. */
  get isDone(): boolean {
    return this.#end === "done";
  }

  /** Uses this codec from now on. */
  // deno-lint-ignore no-explicit-any
  setCodec(codec: Codec<any, any>): void {
    this.#codec = codec;
    this.#lines = lineReadingOf(codec);
    this.buffer.reset();
  }

  hold(reason: number): void {
    this.#held |= reason;
  }

  /** Removes a reason; continues if it was the last. */
  release(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if (this.#held === 0) this.pass();
  }

  /** Takes what a callback returned: a promise holds delivery until it settles. */
  settle(returned: unknown): void {
    if (typeof (returned as PromiseLike<unknown> | undefined)?.then !== "function") return;
    this.hold(Hold.busy);
    this.#sink.busy(true);
    (returned as PromiseLike<unknown>).then(() => this.#settled(), (error) => {
      this.#sink.failed(error, "handler_error");
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
    // More than once only if a bad frame is survived, by another codec.
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
    this.#sink.passed(framed);
  }

  #settled(): void {
    this.#sink.busy(false);
    this.release(Hold.busy);
  }

  /** Delivers the next frame; returns whether there was one. */
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
    if (message === skip) return this.#sink.skipped();
    try {
      const returned = this.#sink.message(message);
      if (returned !== undefined) this.settle(returned);
    } catch (error) {
      this.#sink.failed(error, "handler_error");
    }
  }

  /** What is received is bad. What is left of a datagram is too, unless another codec has taken over. */
  #fail(error: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void {
    const codec = this.#codec;
    this.#sink.failed(error, fallback, frame);
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
    this.#sink.lost(
      new ConnectionError("bad_frame", `Cannot complete a frame: the datagram ended ${left} bytes into it`),
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
        this.settle(this.#sink.end());
      } catch (error) {
        this.#sink.failed(error, "handler_error");
      }
    }
    if (this.#end === "done" && this.#held === 0) this.#sink.ended();
  }

  #deliverRest(rest: Uint8Array): void {
    if (this.#codec.end === undefined) {
      this.#sink.skipped();
      const found = `the stream ended ${rest.length} bytes into it`;
      return this.#sink.lost(new ConnectionError("partial_frame", `Cannot complete a frame: ${found}`));
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
