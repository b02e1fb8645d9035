import { assertEquals } from "@std/assert";
import { bytes, concat, line, type Peer, type Protocol, text } from "@protohost/protohost";
import { FrameLoop } from "../../lib/framing/frame_loop.ts";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";
import { Random } from "../../lib/testing/random.ts";

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
      receive(read, parts, maxFrameBytes),
      receive(unwrapped, parts, maxFrameBytes),
      `with seed ${seed}`,
    );
  }
});

Deno.test("lines of several connections do not mix when one is delivered in the middle of another", () => {
  const heard: string[] = [];
  const inner = delivery(read, { message: (message) => heard.push(`inner ${message}`) });
  const outer = delivery(read, {
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

interface Heard {
  message?(message: string, frame: Uint8Array): void;
  failed?(code: string): void;
}

function delivery(protocol: Protocol<string>, heard: Heard, maxFrameBytes = 1 << 20): FrameLoop {
  const peer = { limits: { ...DEFAULT_LIMITS, maxFrameBytes } } as Peer;
  const made: FrameLoop = new FrameLoop(peer, {
    message(message) {
      heard.message?.(message as string, made.buffer.frame);
    },
    failed(thrown) {
      heard.failed?.((thrown as { code: string }).code);
      made.hold(1);
    },
    skipped() {},
    end() {},
    ended() {},
    lost() {},
    busy() {},
    passed() {},
  }, { datagrams: false });
  made.setCodec(protocol);
  return made;
}

function feed(to: FrameLoop, data: Uint8Array): void {
  for (let at = 0; at < data.length && to.isFree;) {
    const room = to.buffer.room();
    const part = data.subarray(at, at + room.length);
    room.set(part);
    to.buffer.commit(part.length);
    to.pass();
    at += part.length;
  }
}

/** Everything that is heard of a stream. */
function receive(protocol: Protocol<string>, parts: Uint8Array[], maxFrameBytes: number): unknown[] {
  const heard: unknown[] = [];
  const to = delivery(protocol, {
    message: (message, frame) => heard.push(message, frame.slice()),
    failed: (code) => heard.push(code),
  }, maxFrameBytes);
  for (const part of parts) feed(to, part);
  heard.push(to.buffer.length);
  return heard;
}
