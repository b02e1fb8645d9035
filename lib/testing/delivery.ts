/**
 * Checks of delivery: the messages are the same however the network splits their bytes and wherever they are in memory.
 *
 * @module
 */

import type { Receiver } from "./receiver.ts";
import { show, type Subject } from "./subject.ts";

/** How many positions of longer samples are tried. */
const MAX_POSITIONS = 2048;
const MAX_PREFIXES = 512;
const SPLITS = 200;
/** How many bytes all splits have together: large samples are split fewer times. */
const MAX_SPLIT_BYTES = 4 * 1024 ** 2;

/** `input` returns a whole number of at least 0 for every beginning of a good frame. */
export function prefixes(subject: Subject): string | undefined {
  for (const { frame, position, prefix } of beginnings(subject)) {
    const complaint = complaintAboutLength(ask(subject, frame, prefix, 0));
    if (complaint) return `${complaint}, for the first ${position} of ${lengthOf(subject, frame)}`;
  }
  return undefined;
}

/** `input` returns the same with and without `from`. */
export function from(subject: Subject): string | undefined {
  let current = -1;
  let seen: number[] = [];
  for (const { frame, position, prefix } of beginnings(subject)) {
    if (frame !== current) [current, seen] = [frame, []];
    const wanted = ask(subject, frame, prefix, 0);
    for (const from of new Set([seen.at(-1), seen[subject.random.below(seen.length)]])) {
      if (from === undefined) continue;
      const got = ask(subject, frame, prefix, from);
      if (!Object.is(got, wanted)) {
        return `input returned ${show(got)} with from ${from} and ${
          show(wanted)
        } with from 0, for the first ` +
          `${position} of ${lengthOf(subject, frame)}`;
      }
    }
    if (wanted === 0) seen.push(position);
  }
  return undefined;
}

/** All samples in one piece. */
export function allAtOnce(subject: Subject): string | undefined {
  return subject.complaintAboutSizes([subject.stream.length]);
}

/** All samples in two pieces, split at every position. */
export function splitInTwo(subject: Subject): string | undefined {
  const { length } = subject.stream;
  for (const position of subject.random.positions(length, MAX_POSITIONS)) {
    const complaint = subject.complaintAboutSizes([position, length - position]);
    if (complaint) {
      return `split at byte ${position} of ${length} (${place(subject, position)}): ${complaint}`;
    }
  }
  return undefined;
}

/** All samples, byte by byte. */
export function byteByByte(subject: Subject): string | undefined {
  return subject.complaintAboutSizes(new Array(subject.stream.length).fill(1));
}

/** All samples in pieces of random sizes. */
export function randomSplits(subject: Subject): string | undefined {
  const { length } = subject.stream;
  const runs = Math.max(8, Math.min(SPLITS, Math.floor(MAX_SPLIT_BYTES / (length + 1))));
  for (let run = 0; run < runs; run++) {
    const sizes = subject.random.sizes(length, subject.random.pick([2, 3, 5, 11, 50, 500]));
    const complaint = subject.complaintAboutSizes(sizes);
    if (complaint) return `pieces of ${listOf(sizes)} bytes, seed ${subject.options.seed}: ${complaint}`;
  }
  return undefined;
}

/** All samples, in a view of memory that holds other bytes on both sides. */
export function windows(subject: Subject): string | undefined {
  const complaint = subject.complaintAboutSizes(subject.encoded.map((piece) => piece.length), "window");
  return complaint &&
    `with a buffer that does not start at the beginning of its memory (buffer.buffer): ${complaint}`;
}

/** All samples, with the buffer overwritten after each call. */
export function overwrittenBuffer(subject: Subject): string | undefined {
  const complaint = subject.complaintAboutSizes(subject.encoded.map((piece) => piece.length), "overwrite");
  return complaint &&
    `with a buffer that is overwritten after the call (keep a copy, not a view): ${complaint}`;
}

/** All samples on each of two connections at once, their pieces taking turns. */
export function twoConnections(subject: Subject): string | undefined {
  const { stream, random } = subject;
  for (let run = 0; run < 20; run++) {
    const sides = [0, 1].map(() => ({
      receiver: subject.open(),
      sizes: random.sizes(stream.length, Math.ceil(stream.length / 3)),
      at: 0,
    }));
    while (sides.some(({ sizes }) => sizes.length > 0)) {
      const side = random.pick(sides.filter(({ sizes }) => sizes.length > 0));
      side.receiver.push(stream.subarray(side.at, side.at += side.sizes.shift()!));
    }
    for (const { receiver } of sides) {
      const complaint = subject.complaint(receiver);
      if (complaint) {
        return `state leaks from one to the other (keep it in the session), seed ${subject.options.seed}: ${complaint}`;
      }
    }
  }
  return undefined;
}

/** Every beginning of every frame, and the whole frame. */
function* beginnings(subject: Subject): Generator<{ frame: number; position: number; prefix: Uint8Array }> {
  const { frames, random } = subject;
  const most = Math.max(24, Math.floor(MAX_PREFIXES / frames.length));
  for (const [frame, bytes] of frames.entries()) {
    for (const position of [...random.positions(bytes.length, most), bytes.length]) {
      yield { frame, position, prefix: bytes.slice(0, position) };
    }
  }
}

/** What `input` returns or throws on a connection that has reached this frame. */
function ask(subject: Subject, frame: number, prefix: Uint8Array, from: number): unknown {
  const { peer }: Receiver = subject.openAt(frame);
  try {
    return subject.codec.input(prefix, peer, from);
  } catch (thrown) {
    return thrown;
  }
}

function complaintAboutLength(answer: unknown): string | undefined {
  if (Number.isInteger(answer) && answer as number >= 0) return undefined;
  const did = answer instanceof Error
    ? `threw ${answer.name}: ${answer.message}`
    : `returned ${show(answer)}`;
  return `input ${did}, wanted an integer of at least 0`;
}

function lengthOf(subject: Subject, frame: number): string {
  return `the ${subject.frames[frame].length} bytes of frame ${frame + 1}`;
}

function place(subject: Subject, position: number): string {
  let start = 0;
  for (const [i, { length }] of subject.encoded.entries()) {
    if (position < start + length) return `sample ${i + 1}, byte ${position - start} of ${length}`;
    start += length;
  }
  return "the end";
}

function listOf(sizes: readonly number[]): string {
  return sizes.slice(0, 40).join("+") + (sizes.length > 40 ? "+..." : "");
}
