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

/** The size of an idle connection's buffer, which its pending read holds in memory; others are multiples of it. */
const IDLE_BYTES = 256;
/** The most that one read asks for, unless a longer frame is announced. */
const READ_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);

/** Bytes that are not a frame; `code` is `bad_frame`, or `frame_too_large` if a limit is exceeded. */
export class FrameError extends Error {
  /** The name of the class. */
  override readonly name = "FrameError";
  /** What happened. */
  readonly code: "bad_frame" | "frame_too_large";

  /** Makes the error. */
  constructor(code: "bad_frame" | "frame_too_large", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

freezeClass(FrameError);

/** Received bytes that are not yet consumed, and how many of them `input` has seen. */
export class FrameBuffer implements LineSource {
  readonly #maxFrameBytes: number;
  /** The capacity while idle; like every capacity at most `maxFrameBytes`. */
  readonly #idleBytes: number;
  readonly #readBytes: number;
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #start = 0;
  #end = 0;
  /** How many of the bytes an `input` that returned 0 has seen. */
  #from = 0;
  /** The length of the frame that is awaited; 0 while unknown. */
  #need = 0;
  /** The capacity that suits the traffic since the connection was last idle. */
  #fit: number;
  /** The most that came at once since then, in one read or in several of which all but the last filled their room. */
  #peak = 0;
  /** What has come so far of what may be more. */
  #burst = 0;
  /** Where the last consumed frame begins; it ends at `start`. */
  #frameStart = 0;
  #layout = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#fit = this.#idleBytes = Math.min(IDLE_BYTES, maxFrameBytes);
    this.#readBytes = Math.min(READ_BYTES, maxFrameBytes);
  }

  /** How many bytes are buffered. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether `maxFrameBytes` are buffered. */
  get isFull(): boolean {
    return this.#end - this.#start >= this.#maxFrameBytes;
  }

  /** The memory that buffered bytes are in, from {@linkcode start} to {@linkcode end}. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** How many of them an `input` that returned 0 has seen. */
  get seen(): number {
    return this.#from;
  }

  get layout(): number {
    return this.#layout;
  }

  /** Where the last consumed frame begins, for {@linkcode view}. */
  get frameStart(): number {
    return this.#frameStart;
  }

  /** Where it ends. */
  get frameEnd(): number {
    return this.#start;
  }

  /** The last consumed frame: a view, valid until the next {@linkcode room}. */
  get frame(): Uint8Array {
    return this.view(this.#frameStart, this.#start);
  }

  /** Consumed bytes from one position to another: a view, valid until the next {@linkcode room}. */
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
    } else if (this.#start + Math.max(this.#need, this.#fit, used + 1) > this.#bytes.length) {
      this.#makeRoom(used);
    }
    return this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end);
  }

  /**
   * Adds the first `count` bytes of what {@linkcode room} returned. If they fill the room they may be a part of what has
   * arrived, and the next room is larger. Else the next is a little more than what came at once so far, so that filling it
   * shows that more has come.
   */
  commit(count: number): void {
    const used = this.#end - this.#start;
    const isFull = count === this.#bytes.length - this.#end;
    this.#end += count;
    const burst = (this.#burst === 0 ? used : this.#burst) + count;
    this.#peak = Math.max(this.#peak, burst);
    this.#burst = isFull ? burst : 0;
    const wanted = isFull ? this.#fit * 4 : this.#peak + IDLE_BYTES & -IDLE_BYTES;
    this.#fit = Math.max(this.#idleBytes, Math.min(wanted, this.#readBytes));
  }

  /** The connection has been idle: what comes from now on decides how much room there is. */
  settle(): void {
    this.#peak = 0;
  }

  /** Replaces the content by a whole datagram, without a copy. */
  load(datagram: Uint8Array<ArrayBuffer>): void {
    this.#bytes = datagram;
    this.#layout++;
    this.#start = 0;
    this.#end = datagram.length;
    this.reset();
  }

  /**
   * Consumes the next frame: a view, valid until the next {@linkcode room}. Undefined if it is incomplete.
   *
   * @throws {FrameError} If `input` throws or returns something other than a length, or the frame is too long.
   */
  next<S>(codec: Codec<unknown, S>, peer: Peer<S>): Uint8Array | undefined {
    let need = this.#need;
    if (need === 0) {
      const available = this.#end - this.#start;
      if (available === this.#from) return undefined;
      need = this.#ask(codec, peer, available);
      if (need === 0) return undefined;
    }
    // Not before: an `input` may close the connection, which clears the buffer.
    if (need > this.#end - this.#start) {
      this.#need = need;
      return undefined;
    }
    this.#frameStart = this.#start;
    this.#start += need;
    this.#need = 0;
    return this.frame;
  }

  /** Consumes a frame that ends at a position. Returns false, and consumes nothing, if it is too long. */
  cutAt(end: number): boolean {
    if (end - this.#start > this.#maxFrameBytes) return false;
    this.#frameStart = this.#start;
    this.#start = end;
    this.#from = 0;
    return true;
  }

  /** Consumes all that is buffered, though it is no frame: a view like that of {@linkcode next}. */
  rest(): Uint8Array {
    this.#frameStart = this.#start;
    this.#start = this.#end;
    this.reset();
    return this.frame;
  }

  /** Empties the buffer and returns a copy of what was in it. */
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

  /** Drops all that is buffered. */
  clear(): void {
    this.#start = this.#end = 0;
    this.reset();
  }

  /** Forgets what `input` has returned for the buffered bytes, so that another codec is asked again. */
  reset(): void {
    this.#from = this.#need = 0;
  }

  /** Asks the codec for the length of the first frame; 0 if that is not known yet. */
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
        `Cannot frame the stream: input returned ${answer}, wanted an integer of at least 0`,
      );
    }
    if (answer > this.#maxFrameBytes) throw this.#tooLarge(`its length is ${answer} bytes`);
    this.#from = 0;
    return answer;
  }

  #tooLarge(found: string): FrameError {
    return new FrameError(
      "frame_too_large",
      `Cannot accept the frame: ${found}, maxFrameBytes is ${this.#maxFrameBytes}`,
    );
  }

  /** Moves what is buffered to the front, into a larger buffer if this one does not suit. */
  #makeRoom(used: number): void {
    const capacity = this.#bytes.length;
    let wanted = Math.max(capacity, this.#fit);
    if (this.#need > wanted || used > wanted >> 1) {
      // Not all that is announced at once: memory is taken as bytes arrive.
      wanted = Math.max(wanted * 2, Math.min(wanted * 4, Math.max(this.#need, READ_BYTES)));
    }
    wanted = Math.min(wanted, this.#maxFrameBytes);
    if (wanted <= capacity) this.#bytes.copyWithin(0, this.#start, this.#end);
    else {
      const grown = new Uint8Array(wanted);
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
    }
    this.#start = 0;
    this.#end = used;
    this.#layout++;
  }
}
