/**
 * Checks of what a good peer never sends: frames over the limit, and garbage.
 *
 * @module
 */

import { equal } from "@std/assert";
import { concat } from "../framing/bytes.ts";
import { NoErrorThrown, type Receiver } from "./receiver.ts";
import { show, type Subject } from "./subject.ts";

/** After this many random buffers a fresh connection is checked. */
const ROUNDS_BETWEEN = 100;
const FILLER_BYTES = 2048;
/** The bytes of frames that never end. */
const FILLERS = [0x00, 0x20, 0x30, 0x61, 0xff] as const;

/** A frame longer than the limit is refused, not truncated. */
export function overTheLimit(subject: Subject): string | undefined {
  const { samples, join } = subject.options;
  const longest = Math.max(...subject.frames.map((frame) => frame.length));
  for (const maxFrameBytes of new Set([longest - 1, Math.floor(longest / 2), 1])) {
    if (maxFrameBytes < 1 || maxFrameBytes >= longest) continue;
    const receiver = subject.open({ maxFrameBytes });
    for (const piece of subject.encoded) receiver.push(piece);
    const where = `with maxFrameBytes ${maxFrameBytes} and a frame of ${longest} bytes`;
    const { messages, failure } = receiver;
    if (join) {
      const complaint = failure ? undefined : subject.complaint(receiver);
      if (complaint) return `${where}: ${complaint}`;
      continue;
    }
    for (const [i, message] of messages.entries()) {
      if (!equal(message, samples[i])) return `${where}: message ${i + 1} became ${show(message)}`;
    }
    if (!failure && !receiver.peer.closed) return `${where}: the frame was not refused`;
  }
  return undefined;
}

/** Whatever comes, only an `Error` is thrown, and only that connection is affected. */
export function garbage(subject: Subject): string | undefined {
  const { garbage: rounds, seed } = subject.options;
  for (let round = 1; round <= rounds; round++) {
    const bytes = makeGarbage(subject);
    const receiver = subject.open();
    const cut = subject.random.below(bytes.length + 1);
    receiver.push(bytes.subarray(0, cut));
    receiver.push(bytes.subarray(cut));
    receiver.end();
    if (receiver.failure instanceof NoErrorThrown) {
      return `threw ${receiver.failure.message}, for ${hex(bytes)}, seed ${seed}`;
    }
    if (round % ROUNDS_BETWEEN === 0 || round === rounds) {
      const complaint = complaintAboutNew(subject);
      if (complaint) {
        return `a fresh connection fails after ${round} others received garbage, seed ${seed}: ${complaint}`;
      }
    }
  }
  return undefined;
}

function complaintAboutNew(subject: Subject): string | undefined {
  const receiver: Receiver = subject.open();
  for (const piece of subject.encoded) receiver.push(piece);
  return subject.complaint(receiver);
}

/** Noise, a sample with a few bytes changed, removed or added, or the beginning of one that never ends. */
function makeGarbage({ random, encoded }: Subject): Uint8Array {
  const kind = random.below(4);
  if (kind === 0) return random.bytes(random.below(64));
  const sample = random.pick(encoded);
  const at = random.below(sample.length + 1);
  if (kind === 1) {
    return concat([sample.subarray(0, at), new Uint8Array(FILLER_BYTES).fill(random.pick(FILLERS))]);
  }
  const noise = random.bytes(random.below(4));
  return concat([sample.subarray(0, at), noise, sample.subarray(at + random.below(4))]);
}

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `the ${bytes.length} bytes ${shown}${bytes.length > 64 ? " ..." : ""}`;
}
