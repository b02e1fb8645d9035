/**
 * What cutting frames costs a message, without a socket: the buffer, the three bundled ways to find an end, and decoding.
 *
 *     deno bench -A tests/bench/framing_bench.ts
 *
 * @module
 */

import type { AnyProtocol } from "../../lib/contract/protocol.ts";
import type { Peer } from "../../lib/contract/connection.ts";
import { FrameBuffer } from "../../lib/framing/frame_buffer.ts";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";
import { concat } from "../../lib/framing/bytes.ts";
import frame from "../../protocols/frame.ts";
import jsonnl from "../../protocols/jsonnl.ts";
import text from "../../protocols/text.ts";
import { requestOf } from "./wire.ts";

const protocols = { jsonnl, text, frame } satisfies Record<string, AnyProtocol>;
const peer = { limits: DEFAULT_LIMITS, session: undefined } as Peer;
const FORMATS = ["jsonnl", "text", "frame"] as const;

/** Reads a chunk as a connection does, and hands every frame in it over; answers how many there were. */
function deliver(
  buffer: FrameBuffer,
  protocol: AnyProtocol,
  { chunk, decodes }: { chunk: Uint8Array; decodes: boolean },
): number {
  let frames = 0;
  for (let at = 0; at < chunk.length;) {
    const room = buffer.room();
    const part = Math.min(room.length, chunk.length - at);
    room.set(chunk.subarray(at, at + part));
    buffer.commit(part);
    at += part;
    for (let found; (found = buffer.next(protocol, peer)) !== undefined; frames++) {
      if (decodes) protocol.decode(found, peer);
    }
  }
  return frames;
}

for (const format of FORMATS) {
  const protocol: AnyProtocol = protocols[format];
  for (const count of [1, 16]) {
    const chunk = concat(Array.from({ length: count }, (_, number) => requestOf(format, number, 64)));
    for (const decodes of [false, true]) {
      const buffer = new FrameBuffer(DEFAULT_LIMITS.maxFrameBytes);
      const what = decodes ? "cut and decoded" : "cut";
      Deno.bench(`${count} of ${format} a read, 64 bytes, ${what}`, { group: `${format} ${what}` }, () => {
        if (deliver(buffer, protocol, { chunk, decodes }) !== count) {
          throw new RangeError("A frame is missing");
        }
      });
    }
  }
}

for (const format of FORMATS) {
  const chunk = requestOf(format, 1, 100_000);
  const buffer = new FrameBuffer(DEFAULT_LIMITS.maxFrameBytes);
  Deno.bench(`a ${format} of 100,000 bytes`, { group: "long" }, () => {
    if (deliver(buffer, protocols[format], { chunk, decodes: false }) !== 1) {
      throw new RangeError("A frame is missing");
    }
  });
}
