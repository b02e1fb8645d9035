/**
 * What a connection has still to write: small messages gather in pooled chunks, large ones travel as they are. No I/O.
 *
 * @module
 */

const CHUNK_BYTES = 16 * 1024;
/** What a full chunk grows to while none of it is being written, so that it leaves in one write. */
const LARGE_CHUNK_BYTES = 64 * 1024;
/** Free memory kept for reuse by all connections of this isolate, for chunks of either size. */
const POOLED_BYTES = 4 * 1024 * 1024;
/** So many characters of short strings gather before they are encoded. */
const GATHERED_TEXT = 4096;
/** What a character takes at most as UTF-8: three bytes, and two of them four. */
const MAX_CHARACTER_BYTES = 3;
/** Up to this length a string is worth trying as ASCII, byte by byte, before the encoder is called. */
const SHORT_TEXT = 128;

const encoder = new TextEncoder();
const EMPTY = new Uint8Array(0);
const pool: Uint8Array<ArrayBuffer>[] = [];
const largePool: Uint8Array<ArrayBuffer>[] = [];

/** A queue of bytes, filled by messages and emptied by writes. */
export class SendBuffer {
  /** Whether each message leaves in a write of its own, as datagrams do. */
  readonly #separate: boolean;
  /** Filled chunks and large messages, oldest first; the open chunk comes after them. */
  #sealed: Uint8Array<ArrayBuffer>[] | undefined;
  #chunk: Uint8Array<ArrayBuffer> | undefined;
  #start = 0;
  #end = 0;
  /** Bytes that wait, without those of `text`. */
  #size = 0;
  /** Short strings, to be encoded at once, behind all the rest. */
  #text = "";
  /** Whether what {@linkcode head} returned is being written. */
  #isWriting = false;

  constructor(options: { separate?: boolean } = {}) {
    this.#separate = options.separate ?? false;
  }

  /** Bytes that wait. */
  get size(): number {
    this.#encodeText();
    return this.#size;
  }

  /** Whether nothing waits, not even an empty datagram. */
  get isEmpty(): boolean {
    return this.size === 0 && (this.#sealed === undefined || this.#sealed.length === 0);
  }

  /** Whether so many bytes wait. */
  holds(bytes: number): boolean {
    return this.#size + this.#text.length * MAX_CHARACTER_BYTES >= bytes && this.size >= bytes;
  }

  /** Takes in bytes (copied) or a string (as UTF-8). */
  push(data: Uint8Array | string): void {
    if (this.#separate && data.length === 0) (this.#sealed ??= []).push(EMPTY);
    else if (typeof data === "string") this.#pushText(data);
    else this.#pushBytes(data);
    if (this.#separate) this.#seal();
  }

  /** The bytes to write next: a view, to be left alone until {@linkcode consume}. Only when `size` is not 0. */
  head(): Uint8Array<ArrayBuffer> {
    this.#encodeText();
    this.#isWriting = true;
    return this.#sealed?.[0] ?? this.#chunk!.subarray(this.#start, this.#end);
  }

  /** Drops the first `count` bytes of the head, which have been written. */
  consume(count: number): void {
    this.#size -= count;
    this.#isWriting = false;
    const first = this.#sealed?.[0];
    if (first !== undefined) {
      if (count < first.length) this.#sealed![0] = first.subarray(count);
      else {
        this.#sealed!.shift();
        recycle(new Uint8Array(first.buffer));
      }
      return;
    }
    this.#start += count;
    if (this.#start === this.#end) {
      recycle(this.#chunk!);
      this.#chunk = undefined;
    }
  }

  /** Drops everything. A write may still be reading from it, so nothing returns to the pool. */
  clear(): void {
    this.#sealed = undefined;
    this.#chunk = undefined;
    this.#size = 0;
    this.#text = "";
  }

  #pushText(text: string): void {
    if (this.#text.length + text.length > GATHERED_TEXT) this.#encodeText();
    if (text.length > GATHERED_TEXT) return this.#pushLarge(encoder.encode(text));
    this.#text += text;
    if (this.#separate) this.#encodeText();
  }

  #encodeText(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    if (text.length <= SHORT_TEXT) {
      const chunk = this.#reserve(text.length * MAX_CHARACTER_BYTES);
      if (writeAscii(text, chunk, this.#end) === text.length) {
        this.#end += text.length;
        this.#size += text.length;
        return;
      }
    }
    for (let rest = text; rest !== "";) {
      // At least one character fits, whatever it is.
      const chunk = this.#reserve(Math.max(rest.length, MAX_CHARACTER_BYTES + 1));
      const { read, written } = encoder.encodeInto(rest, chunk.subarray(this.#end));
      this.#end += written;
      this.#size += written;
      rest = read === rest.length ? "" : rest.slice(read);
    }
  }

  #pushBytes(bytes: Uint8Array): void {
    this.#encodeText();
    if (bytes.length > CHUNK_BYTES) return this.#pushLarge(bytes.slice() as Uint8Array<ArrayBuffer>);
    this.#reserve(bytes.length).set(bytes, this.#end);
    this.#end += bytes.length;
    this.#size += bytes.length;
  }

  #pushLarge(owned: Uint8Array<ArrayBuffer>): void {
    this.#seal();
    (this.#sealed ??= []).push(owned);
    this.#size += owned.length;
  }

  /** The open chunk, with at least so much room behind its end. */
  #reserve(count: number): Uint8Array<ArrayBuffer> {
    const chunk = this.#chunk;
    if (chunk !== undefined) {
      if (chunk.length - this.#end >= count) return chunk;
      if (chunk.length === CHUNK_BYTES && !this.#isWriting) return this.#grow(chunk);
      this.#seal();
    }
    this.#start = this.#end = 0;
    return this.#chunk = pool.pop() ?? new Uint8Array(CHUNK_BYTES);
  }

  #grow(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const large = largePool.pop() ?? new Uint8Array(LARGE_CHUNK_BYTES);
    large.set(chunk.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    recycle(chunk);
    return this.#chunk = large;
  }

  #seal(): void {
    if (this.#chunk === undefined) return;
    if (this.#end > this.#start) (this.#sealed ??= []).push(this.#chunk.subarray(this.#start, this.#end));
    this.#chunk = undefined;
  }
}

/** Writes a string byte by byte; answers its length, or -1 at the first character that is not ASCII. */
function writeAscii(text: string, into: Uint8Array, at: number): number {
  const length = text.length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 127) return -1;
    into[at + index] = unit;
  }
  return length;
}

/** @param chunk All of its memory. */
function recycle(chunk: Uint8Array<ArrayBuffer>): void {
  const { length } = chunk;
  const free = length === CHUNK_BYTES ? pool : length === LARGE_CHUNK_BYTES ? largePool : undefined;
  if (free !== undefined && (free.length + 1) * length <= POOLED_BYTES) free.push(chunk);
}
