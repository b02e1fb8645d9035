/**
 * The check that a frame sent byte by byte does not cost quadratic time.
 *
 * @module
 */

import type { Subject } from "./subject.ts";

const SHORT_BYTES = 4096;
const LONG_BYTES = 4 * SHORT_BYTES;
/** Four times the bytes cost 4 times the time if it is linear, 16 times if it is quadratic. */
const MAX_RATIO = 9;
const RUNS = 5;
/** How many bytes are timed together: so few that a busy machine hardly interrupts the same ones in every run. */
const PART_BYTES = 256;
/** Longer measurements are reliable and are not repeated. */
const ENOUGH_MS = 250;
/** The shortest times of so many attempts are compared before the check fails, since the machine may be busy. */
const ATTEMPTS = 12;
const FILLERS = [0x61, 0x20, 0x30, 0x00, 0xff, 0x0a] as const;
/** How many frames, and how many beginnings of frames, are measured. */
const MAX_MEASURED = 4;

/** While it waits for the end of a long frame, `input` looks at each byte a bounded number of times. */
export function inputCost(subject: Subject): string | undefined {
  for (const { frame, bytes } of endless(subject)) {
    let [long, short, ratio] = [Infinity, Infinity, Infinity];
    for (let attempt = 0; attempt < ATTEMPTS && ratio > MAX_RATIO; attempt++) {
      long = Math.min(long, costOf(subject, frame, bytes) ?? 0);
      short = Math.min(short, costOf(subject, frame, bytes.slice(0, SHORT_BYTES)) ?? Infinity);
      ratio = long / short;
    }
    if (ratio > MAX_RATIO) {
      const times = ratio.toFixed(1);
      return `byte by byte, ${LONG_BYTES} bytes cost ${times} times as much as ${SHORT_BYTES}, wanted about ` +
        `${LONG_BYTES / SHORT_BYTES} times: search from \`from\`, not from 0`;
    }
  }
  return undefined;
}

/** Frames whose end does not come: beginnings of the samples' frames with a filler for which `input` keeps waiting. */
function endless(subject: Subject): { frame: number; bytes: Uint8Array }[] {
  const found: { frame: number; bytes: Uint8Array }[] = [];
  for (const [frame, { length }] of subject.frames.entries()) {
    for (const head of new Set([length - 1, length >> 1, 1, 0])) {
      if (found.length === MAX_MEASURED) return found;
      for (const filler of FILLERS) {
        const bytes = new Uint8Array(LONG_BYTES).fill(filler);
        bytes.set(subject.frames[frame].subarray(0, Math.min(head, LONG_BYTES)));
        if (!isWaiting(subject, frame, bytes)) continue;
        found.push({ frame, bytes });
        break;
      }
    }
  }
  return found;
}

function isWaiting(subject: Subject, frame: number, bytes: Uint8Array): boolean {
  try {
    return [SHORT_BYTES, LONG_BYTES].every((length) =>
      subject.codec.input(bytes.slice(0, length), subject.openAt(frame).peer, 0) === 0
    );
  } catch {
    return false; // it has a maximum of its own, which bounds the cost
  }
}

/** The time in milliseconds, the shortest of several for each part of it; undefined if it throws. */
function costOf(subject: Subject, frame: number, bytes: Uint8Array): number | undefined {
  const shortest = Array<number>(Math.ceil(bytes.length / PART_BYTES)).fill(Infinity);
  let total = 0;
  for (let run = 0; run < RUNS && total < ENOUGH_MS; run++) {
    const { peer } = subject.openAt(frame);
    for (const part of shortest.keys()) {
      const begun = performance.now();
      try {
        const end = Math.min((part + 1) * PART_BYTES, bytes.length);
        for (let length = part * PART_BYTES + 1; length <= end; length++) {
          subject.codec.input(bytes.subarray(0, length), peer, length - 1);
        }
      } catch {
        return undefined; // it refuses so many pieces, which bounds the cost
      }
      const cost = performance.now() - begun;
      shortest[part] = Math.min(shortest[part], cost);
      total += cost;
    }
  }
  return Math.max(shortest.reduce((sum, cost) => sum + cost), Number.EPSILON);
}
