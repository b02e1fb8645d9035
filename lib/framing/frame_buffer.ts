/**
 * Bytes in, frames out: a growing buffer and the `input` side of the contract, points 1 to 4. No I/O.
 *
 * @module
 */

import { toError } from "../base/error_record.ts";
import { freezeClass } from "../base/freeze_class.ts";
import type { Codec } from "../contract/protocol.ts";
import type { Peer } from "../contract/connection.ts";
import type { LineSource } from "./line_reader.ts";

/** The room that an idle connection's pending read pins. */
const IDLE_BYTES = 256;
/** The most that one read asks for while no longer frame is awaited. */
const READ_BYTES = 64 * 1024;
/** So many small reads in a row give a grown buffer back. */
const QUIET_READS = 4;

const EMPTY = new Uint8Array(0);

/** Bytes that make no frame. `code` is `bad_frame`, or `frame_too_large` where a limit says so. */
export class FrameError extends Error {
  /** The name of the class. */
  override readonly name = "FrameError";
  /** What happened. */
  readonly code: "bad_frame" | "frame_too_large";

  /** Makes the error of a frame. */
  constructor(code: "bad_frame" | "frame_too_large", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

freezeClass(FrameError);

/** Received bytes that are not yet consumed, and how far `input` has seen them. */
export class FrameBuffer implements LineSource {
  readonly #maxFrameBytes: number;
  /** What an idle connection's buffer has; like every capacity at most `maxFrameBytes`. */
  readonly #idleBytes: number;
  readonly #readBytes: number;
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #start = 0;
  #end = 0;
  /** How many of the bytes an `input` that answered 0 has seen. */
  #from = 0;
  /** The length of the frame that is being awaited; 0 while unknown. */
  #need = 0;
  /** The capacity that suits what has been arriving. */
  #fit: number;
  #quietReads = 0;
  /** Where the frame that was cut last begins; it ends at `start`. */
  #frameStart = 0;
  #layout = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#fit = this.#idleBytes = Math.min(IDLE_BYTES, maxFrameBytes);
    this.#readBytes = Math.min(READ_BYTES, maxFrameBytes);
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether as much is buffered as may be. */
  get isFull(): boolean {
    return this.#end - this.#start >= this.#maxFrameBytes;
  }

  /** What received bytes stand in, from {@linkcode start} to {@linkcode end}. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** How many of them an `input` that answered 0 has seen. */
  get seen(): number {
    return this.#from;
  }

  get layout(): number {
    return this.#layout;
  }

  /** Where the frame that was cut last begins: for {@linkcode view}. */
  get frameStart(): number {
    return this.#frameStart;
  }

  /** Where it ends. */
  get frameEnd(): number {
    return this.#start;
  }

  /** The frame that was cut last: a view that is valid until the next {@linkcode room}. */
  get frame(): Uint8Array {
    return this.view(this.#frameStart, this.#start);
  }

  /** What has been cut, from one position to another: a view that is valid until the next {@linkcode room}. */
  view(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Free space to read into, at least one byte unless the buffer is full. Follow with {@linkcode commit}. */
  room(): Uint8Array<ArrayBuffer> {
    const used = this.#end - this.#start;
    if (used === 0) {
      this.#start = this.#end = 0;
      this.#layout++;
      if (this.#bytes.length !== this.#fit) this.#bytes = new Uint8Array(this.#fit);
    } else if (this.#end === this.#bytes.length || this.#start + this.#need > this.#bytes.length) {
      this.#makeRoom(used);
    }
    return this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end);
  }

  /** Takes in the first `count` bytes of what {@linkcode room} gave. */
  commit(count: number): void {
    const room = this.#bytes.length - this.#end;
    this.#end += count;
    if (count === room) {
      this.#fit = Math.min(this.#fit * 4, this.#readBytes);
      this.#quietReads = 0;
    } else if (this.#fit > this.#idleBytes && count < this.#fit >> 3) {
      if (++this.#quietReads === QUIET_READS) {
        this.#fit = this.#idleBytes;
        this.#quietReads = 0;
      }
    } else this.#quietReads = 0;
  }

  /** Takes a whole datagram in place of what is there, without a copy. */
  load(datagram: Uint8Array<ArrayBuffer>): void {
    this.#bytes = datagram;
    this.#layout++;
    this.#start = 0;
    this.#end = datagram.length;
    this.reset();
  }

  /**
   * Cuts the next complete frame off: a view that is valid until the next {@linkcode room}. Undefined if it is not all
   * there.
   *
   * @throws {FrameError} If the codec answers with something that is no length, throws, or exceeds the limit.
   */
  next<S>(codec: Codec<unknown, S>, peer: Peer<S>): Uint8Array | undefined {
    let need = this.#need;
    if (need === 0) {
      const available = this.#end - this.#start;
      if (available === this.#from) return undefined;
      need = this.#ask(codec, peer, available);
      if (need === 0) return undefined;
    }
    // Looked at only now: an `input` may close the connection, and with that clear the buffer.
    if (need > this.#end - this.#start) {
      this.#need = need;
      return undefined;
    }
    this.#frameStart = this.#start;
    this.#start += need;
    this.#need = 0;
    return this.frame;
  }

  /** Cuts a frame off that ends at a position. Answers whether it is short enough; if not, nothing is cut. */
  cutAt(end: number): boolean {
    if (end - this.#start > this.#maxFrameBytes) return false;
    this.#frameStart = this.#start;
    this.#start = end;
    this.#from = 0;
    return true;
  }

  /** Cuts all that waits off, though it makes no frame: a view like that of {@linkcode next}. */
  rest(): Uint8Array {
    this.#frameStart = this.#start;
    this.#start = this.#end;
    this.reset();
    return this.frame;
  }

  /** A copy of all that waits; the buffer is empty afterwards. */
  takeRest(): Uint8Array<ArrayBuffer> {
    const rest = this.#bytes.slice(this.#start, this.#end);
    this.clear();
    return rest;
  }

  /** Lets go of the memory of a datagram of which nothing is left. */
  release(): void {
    this.#bytes = EMPTY;
    this.#layout++;
    this.clear();
  }

  /** Drops all that waits. */
  clear(): void {
    this.#start = this.#end = 0;
    this.reset();
  }

  /** Forgets what a codec has said of the waiting bytes, so that another one is asked afresh. */
  reset(): void {
    this.#from = this.#need = 0;
  }

  /** Asks the codec for the length of the first frame; 0 if it cannot know yet. */
  #ask<S>(codec: Codec<unknown, S>, peer: Peer<S>, available: number): number {
    let answer;
    try {
      answer = codec.input(this.#bytes.subarray(this.#start, this.#end), peer, this.#from);
    } catch (cause) {
      const error: Error & { code?: unknown } = toError(cause);
      const code = error.code === "frame_too_large" ? "frame_too_large" : "bad_frame";
      throw new FrameError(code, `Cannot find the end of a frame: ${error.message}`, { cause });
    }
    if (answer === 0) {
      if (available >= this.#maxFrameBytes) throw this.#tooLarge(`no end within ${available} bytes`);
      this.#from = available;
      return 0;
    }
    if (!(answer > 0) || !Number.isInteger(answer)) {
      throw new FrameError(
        "bad_frame",
        `Cannot cut a frame: input answered ${answer}, wanted a whole number from 0`,
      );
    }
    if (answer > this.#maxFrameBytes) throw this.#tooLarge(`its length is ${answer} bytes`);
    this.#from = 0;
    return answer;
  }

  #tooLarge(found: string): FrameError {
    return new FrameError(
      "frame_too_large",
      `Cannot take a frame: ${found}, maxFrameBytes is ${this.#maxFrameBytes}`,
    );
  }

  /** Moves what waits to the front, into a larger buffer if it fills more than half of this one. */
  #makeRoom(used: number): void {
    const capacity = this.#bytes.length;
    if (used <= capacity >> 1 && this.#need <= capacity) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const wanted = Math.max(capacity * 2, Math.min(capacity * 4, Math.max(this.#need, READ_BYTES)));
      const grown = new Uint8Array(Math.min(wanted, this.#maxFrameBytes));
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
    }
    this.#start = 0;
    this.#end = used;
    this.#layout++;
  }
}
