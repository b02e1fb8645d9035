/**
 * A frame loop without a connection, which writes down what it tells its sink.
 *
 * @module
 */

import type { Codec, Peer } from "@protohost/protohost";
import { FrameLoop, type FrameSink, Hold } from "../../lib/framing/frame_loop.ts";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";

/** What a test wants done with what it is told; the rest is written down. */
export interface HeardOptions extends Partial<FrameSink> {
  maxFrameBytes?: number;
  datagrams?: boolean;
}

/** A loop, and what it has told, oldest first: messages as they are, the rest as words. */
export interface HeardLoop {
  loop: FrameLoop;
  heard: unknown[];
}

/** Makes a loop that cuts and decodes by a codec, and stops at what is bad. */
export function loopOf(codec: Codec<unknown>, options: HeardOptions = {}): HeardLoop {
  const { maxFrameBytes = DEFAULT_LIMITS.maxFrameBytes, datagrams = false, ...sink } = options;
  const heard: unknown[] = [];
  const peer = { limits: { ...DEFAULT_LIMITS, maxFrameBytes } } as Peer;
  const loop: FrameLoop = new FrameLoop(peer, {
    message: (message) => void heard.push(message),
    skipped: () => void heard.push("skipped"),
    end: () => void heard.push("end"),
    ended: () => void heard.push("ended"),
    lost: ({ code }) => void heard.push(`lost ${code}`),
    failed(thrown, fallback) {
      heard.push(`failed ${(thrown as { code?: string } | undefined)?.code ?? fallback}`);
      loop.hold(Hold.closed);
    },
    busy() {},
    passed() {},
    ...sink,
  }, { datagrams });
  loop.setCodec(codec);
  return { loop, heard };
}

/** Gives a loop bytes as a reader does, read by read. Answers how many it had room for. */
export function feed(loop: FrameLoop, data: Uint8Array): number {
  let at = 0;
  while (at < data.length && !loop.buffer.isFull) {
    const room = loop.buffer.room();
    const part = data.subarray(at, at + room.length);
    room.set(part);
    loop.buffer.commit(part.length);
    at += part.length;
    loop.pass();
  }
  return at;
}
