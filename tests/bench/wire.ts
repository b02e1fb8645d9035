/**
 * Requests and replies of the three formats, for what asks servers without the C generators.
 *
 * @module
 */

import { concat, text } from "../../lib/framing/bytes.ts";

/** The wire formats that are measured. */
export const FORMATS = ["jsonnl", "text", "frame"] as const;

/** One of {@linkcode FORMATS}. */
export type Format = typeof FORMATS[number];

const encoder = new TextEncoder();
const LF = 10;
const HEADER_BYTES = 4;

/** Makes the request of a number, `size` bytes long as far as the format permits. */
export function requestOf(format: Format, number: number, size: number): Uint8Array<ArrayBuffer> {
  const filler = String.fromCharCode(97 + number % 26);
  switch (format) {
    case "jsonnl": {
      const head = `{"type":"message","id":${number},"content":"`;
      return encoder.encode(`${head}${filler.repeat(Math.max(0, size - head.length - 3))}"}\n`);
    }
    case "text":
      return encoder.encode(`${String(number).slice(0, size - 1).padEnd(size - 1, filler)}\n`);
    case "frame": {
      const frame = encoder.encode(
        `${"\0".repeat(HEADER_BYTES)}${number}`.padEnd(size, filler).slice(0, size),
      );
      new DataView(frame.buffer).setUint32(0, size);
      return frame;
    }
    default:
      return format satisfies never;
  }
}

/** Bytes of requests in a mix: log-normal about the median, within bounds, the same in every run. */
export class MixedSizes {
  #state = 88_172_645;

  /** The next size. */
  next(): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return Math.trunc(Math.min(16_384, Math.max(16, 100 * Math.exp(1.5 * normal))));
  }

  /** From 0 to below 1: xorshift32. */
  #random(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }
}

/** Counts the replies in a stream of bytes. */
export class ReplyCounter {
  readonly #format: Format;
  /** Of a frame: the bytes of the length so far, and what is left of the rest. */
  #header = 0;
  #headerBytes = 0;
  #left = 0;

  constructor(format: Format) {
    this.#format = format;
  }

  /** Takes the next bytes; answers how many replies they complete. */
  take(bytes: Uint8Array): number {
    return this.#format === "frame" ? this.#takeFrames(bytes) : takeLines(bytes);
  }

  #takeFrames(bytes: Uint8Array): number {
    let replies = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#left === 0) {
        this.#header = this.#header * 256 + bytes[at++];
        if (++this.#headerBytes < HEADER_BYTES) continue;
        this.#left = this.#header - HEADER_BYTES;
        this.#header = this.#headerBytes = 0;
      } else {
        const part = Math.min(this.#left, bytes.length - at);
        at += part;
        this.#left -= part;
      }
      if (this.#left === 0) replies++;
    }
    return replies;
  }
}

/**
 * Connects, asks once, and waits for the reply.
 *
 * @returns The connection, open, and what was answered.
 * @throws {Deno.errors.ConnectionRefused} If nobody listens.
 * @throws {Deno.errors.UnexpectedEof} If the connection ends before a reply.
 */
export async function askOnce(port: number, format: Format): Promise<[Deno.TcpConn, string]> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await connection.write(requestOf(format, 1, 64));
    const counter = new ReplyCounter(format);
    const chunk = new Uint8Array(256);
    let reply: Uint8Array<ArrayBuffer> = new Uint8Array();
    for (;;) {
      const count = await connection.read(chunk);
      if (count === null) throw new Deno.errors.UnexpectedEof("The connection ended before a reply");
      reply = concat([reply, chunk.subarray(0, count)]);
      if (counter.take(chunk.subarray(0, count)) > 0) return [connection, text(reply)];
    }
  } catch (error) {
    connection.close();
    throw error;
  }
}

function takeLines(bytes: Uint8Array): number {
  let replies = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) replies++;
  return replies;
}
