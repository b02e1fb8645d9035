/**
 * Bytes from one transport to another, as they come: a slow reader slows the writer, an end is passed on as an end.
 *
 * @module
 */

import { type Transport, writeAll } from "../transport/transport.ts";

const ROOM_BYTES = 64 * 1024;

/** How it ended: with the stream, because it could not be read from, or because nobody takes it any more. */
export type PumpEnd = "end" | "source_failed" | "sink_failed";

/** A read that has begun already, and where what it brings will stand. */
export interface FirstRead {
  room: Uint8Array;
  count: Promise<number | null>;
}

/** Begins to read. A failure is told to whoever pumps from here on. */
export function beginRead(from: Transport): FirstRead {
  const room = new Uint8Array(ROOM_BYTES);
  return { room, count: from.read(room) };
}

/** Carries bytes over until one of the ends. `moved` hears how many, once the other side has them. Never rejects. */
export async function pump(
  from: Transport,
  to: Transport,
  options: { first?: FirstRead; moved(bytes: number): void },
): Promise<PumpEnd> {
  let { room, count: next } = options.first ?? beginRead(from);
  for (;;) {
    let count;
    try {
      count = await next;
    } catch {
      return "source_failed";
    }
    try {
      if (count === null) {
        await to.closeWrite();
        return "end";
      }
      await writeAll(to, room.subarray(0, count));
    } catch {
      return "sink_failed";
    }
    options.moved(count);
    next = from.read(room);
  }
}
