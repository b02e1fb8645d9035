import { assertEquals } from "@std/assert";
import { bytes, concat, line, type Protocol, text } from "@protohost/protohost";
import { Hold } from "../../lib/framing/frame_loop.ts";
import { Random } from "../../lib/testing/random.ts";
import { feed, loopOf } from "../support/frame_loop.ts";

const CASES = 400;
/** What lines are made of: ends of lines, characters of one to four bytes, bytes that are no UTF-8. */
const PIECES = [
  ...["\n", "\n", "\r\n", "\r", "a", "word ", "a line of some length, "].map(bytes),
  ...["é", "✓", "😀", "\ufeff"].map(bytes),
  Uint8Array.of(0xff),
  Uint8Array.of(0xe2, 0x82),
];

const lines = line();
const read: Protocol<string> = {
  name: "read",
  input: lines,
  decode: lines.decoder((line) => line),
  encode: (message) => lines.wrap(message),
};
/** The same, frame by frame. */
const unwrapped: Protocol<string> = { ...read, decode: (frame) => text(lines.unwrap(frame)) };

Deno.test("a decoder of lines reads what unwrapping each frame reads, whatever comes in whatever pieces", () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new Random(seed);
    const pieces = seed % 2 === 0 ? PIECES : PIECES.slice(0, 7);
    const stream = concat(Array.from({ length: 1 + random.below(3000) }, () => random.pick(pieces)));
    const maxFrameBytes = seed % 5 === 0 ? 64 : 1 << 20;
    let at = 0;
    const parts = random.sizes(stream.length, 1 << random.below(14))
      .map((size) => stream.subarray(at, at += size));
    assertEquals(
      receive(read, parts, { maxFrameBytes, pauses: new Random(seed) }),
      receive(unwrapped, parts, { maxFrameBytes, pauses: new Random(seed) }),
      `with seed ${seed}`,
    );
  }
});

Deno.test("lines of several connections do not mix when one is delivered in the middle of another", () => {
  const heard: string[] = [];
  const { loop: inner } = loopOf(read, { message: (message) => void heard.push(`inner ${message}`) });
  const { loop: outer } = loopOf(read, {
    message(message) {
      heard.push(`outer ${message}`);
      feed(inner, bytes(`${message}1\n${message}2\n`));
    },
  });
  feed(outer, bytes("a\nb\nc\n"));
  assertEquals(heard, [
    ...["outer a", "inner a1", "inner a2"],
    ...["outer b", "inner b1", "inner b2"],
    ...["outer c", "inner c1", "inner c2"],
  ]);
});

/** Everything that is heard of a stream, with a pause behind some messages: each with its frame, and what is left over. */
function receive(
  protocol: Protocol<string>,
  parts: Uint8Array[],
  { maxFrameBytes, pauses }: { maxFrameBytes: number; pauses: Random },
): unknown[] {
  const messages: unknown[] = [];
  const { loop, heard } = loopOf(protocol, {
    maxFrameBytes,
    message(message) {
      messages.push(message, loop.buffer.frame.slice());
      if (pauses.below(4) === 0) loop.hold(Hold.paused);
    },
  });
  for (const part of parts) {
    for (let at = 0; at < part.length && heard.length === 0;) {
      at += feed(loop, part.subarray(at));
      if (loop.buffer.isFull || pauses.below(3) === 0) loop.release(Hold.paused);
    }
  }
  while (!loop.isFree && heard.length === 0) loop.release(Hold.paused);
  return [messages, heard, loop.buffer.length];
}
