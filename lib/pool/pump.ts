/**
 * Copies bytes from one transport to another: backpressure and the end of the stream are passed on.
 *
 * @module
 */

import { type Transport, writeAll } from "../transport/transport.ts";

const ROOM_BYTES = 64 * 1024;

/** How it ended: at the end of the stream, by a failed read, or by a failed write. */
export type PumpEnd = "end" | "source_failed" | "sink_failed";

/** A read that has begun already, and the buffer it fills. */
export interface FirstRead {
  room: Uint8Array;
  count: Promise<number | null>;
}

/** Begins to read. A failure is reported to whoever pumps on from here. */
export function beginRead(from: Transport): FirstRead {
  const room = new Uint8Array(ROOM_BYTES);
  return { room, count: from.read(room) };
}

/** Copies bytes until either side ends. `moved` is called with the number of bytes written. Never rejects. */
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
