import { assertEquals, assertThrows } from "@std/assert";
import { bytes, type Codec, concat, line, type Peer, text } from "@protohost/protohost";
import { FrameBuffer, FrameError } from "../../lib/framing/frame_buffer.ts";

const peer = {} as Peer;
const lines: Codec<string> = { input: line(), decode: text, encode: (message) => message };

/** A codec whose `input` gives these answers, one after the other, and notes what it is asked with. */
function answering(...answers: unknown[]): Codec<string> & { asked: [buffer: string, from: number][] } {
  const asked: [string, number][] = [];
  return {
    asked,
    input(buffer, _peer, from) {
      asked.push([text(buffer), from]);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer as number;
    },
    decode: text,
    encode: (message) => message,
  };
}

function fill(buffer: FrameBuffer, string: string): void {
  const data = bytes(string);
  for (let at = 0; at < data.length;) {
    const room = buffer.room();
    const part = data.subarray(at, at + room.length);
    room.set(part);
    buffer.commit(part.length);
    at += part.length;
  }
}

function next(buffer: FrameBuffer, codec: Codec<string>): string | undefined {
  const frame = buffer.next(codec, peer);
  return frame && text(frame);
}

Deno.test("a FrameBuffer asks again only for bytes that an answer of 0 has not seen, and says how many it has", () => {
  const buffer = new FrameBuffer(100);
  const codec = answering(0, 0, 5);
  fill(buffer, "ab");
  assertEquals(next(buffer, codec), undefined);
  assertEquals(next(buffer, codec), undefined);
  fill(buffer, "c");
  assertEquals(next(buffer, codec), undefined);
  fill(buffer, "def");
  assertEquals(next(buffer, codec), "abcde");
  assertEquals(codec.asked, [["ab", 0], ["abc", 2], ["abcdef", 3]]);
});

Deno.test("a FrameBuffer does not ask while the frame that it knows the length of is not all there", () => {
  const buffer = new FrameBuffer(100);
  const codec = answering(4, 2);
  for (const piece of ["a", "b", "c"]) {
    fill(buffer, piece);
    assertEquals(next(buffer, codec), undefined);
  }
  fill(buffer, "def");
  assertEquals(next(buffer, codec), "abcd");
  assertEquals(next(buffer, codec), "ef");
  assertEquals(codec.asked, [["a", 0], ["ef", 0]]);
});

Deno.test("a FrameBuffer asks another codec afresh when it is reset", () => {
  const buffer = new FrameBuffer(100);
  fill(buffer, "abc");
  assertEquals(next(buffer, answering(0)), undefined);
  buffer.reset();
  const second = answering(9);
  assertEquals(next(buffer, second), undefined);
  buffer.reset();
  const third = answering(2);
  assertEquals(next(buffer, third), "ab");
  assertEquals([...second.asked, ...third.asked], [["abc", 0], ["abc", 0]]);
});

for (
  const [answer, code, message] of [
    [-1, "bad_frame", "Cannot frame the stream: input returned -1, wanted an integer of at least 0"],
    [NaN, "bad_frame", "Cannot frame the stream: input returned NaN, wanted an integer of at least 0"],
    [1.5, "bad_frame", "Cannot frame the stream: input returned 1.5, wanted an integer of at least 0"],
    [
      Infinity,
      "bad_frame",
      "Cannot frame the stream: input returned Infinity, wanted an integer of at least 0",
    ],
    [
      undefined,
      "bad_frame",
      "Cannot frame the stream: input returned undefined, wanted an integer of at least 0",
    ],
    ["3", "bad_frame", "Cannot frame the stream: input returned 3, wanted an integer of at least 0"],
    [9, "frame_too_large", "Cannot accept the frame: its length is 9 bytes, maxFrameBytes is 8"],
    [new RangeError("no"), "bad_frame", "Cannot find the end of a frame: no"],
    [
      Object.assign(new RangeError("long"), { code: "frame_too_large" }),
      "frame_too_large",
      "Cannot find the end of a frame: long",
    ],
  ] as const
) {
  Deno.test(
    `a FrameBuffer refuses with ${code} when input ${
      answer instanceof Error
        ? `throws ${answer}`
        : `returns ${JSON.stringify(answer) ?? answer}, as ${typeof answer}`
    }`,
    () => {
      const buffer = new FrameBuffer(8);
      fill(buffer, "abc");
      const error = assertThrows(() => next(buffer, answering(answer)), FrameError);
      assertEquals([error.code, error.message], [code, message]);
    },
  );
}

Deno.test("a FrameBuffer takes a frame as long as its limit, and refuses as many bytes without an end", () => {
  const buffer = new FrameBuffer(8);
  fill(buffer, "abcdefg\n");
  assertEquals(buffer.isFull, true);
  assertEquals(next(buffer, lines), "abcdefg\n");
  assertEquals(buffer.isFull, false);
  fill(buffer, "abcdefg");
  assertEquals(next(buffer, lines), undefined);
  fill(buffer, "h");
  const error = assertThrows(() => next(buffer, lines), FrameError);
  assertEquals(error.message, "Cannot accept the frame: no end within 8 bytes, maxFrameBytes is 8");
  assertEquals(error.code, "frame_too_large");
});

Deno.test("a FrameBuffer keeps what waits when it makes room for a frame longer than itself", () => {
  const buffer = new FrameBuffer(1 << 20);
  const long = `${"0123456789".repeat(30_000)}\n`;
  fill(buffer, `one\ntwo\n${long.slice(0, 100)}`);
  assertEquals([next(buffer, lines), next(buffer, lines)], ["one\n", "two\n"]);
  fill(buffer, `${long.slice(100)}after\n`);
  assertEquals(next(buffer, lines) === long, true);
  assertEquals(next(buffer, lines), "after\n");
  assertEquals(buffer.length, 0);
});

Deno.test("a FrameBuffer takes memory as bytes come when a long frame is announced, not all of it at once", () => {
  const buffer = new FrameBuffer(1 << 30);
  fill(buffer, "ab");
  assertEquals(next(buffer, answering(1 << 30)), undefined);
  const rooms: number[] = [];
  for (let round = 0; round < 4; round++) {
    const { length } = buffer.room();
    rooms.push(length);
    buffer.commit(length);
  }
  assertEquals(rooms, [1022, 3072, 12_288, 49_152]);
});

/** Reads as much of what has arrived as there is room for; returns the sizes of the reads. */
function read(buffer: FrameBuffer, arrived: number): number[] {
  const reads: number[] = [];
  while (arrived > 0) {
    const count = Math.min(arrived, buffer.room().length);
    buffer.commit(count);
    reads.push(count);
    arrived -= count;
    // A frame of 10 bytes may be cut by the end of a read.
    while (buffer.length >= 10) buffer.cutAt(buffer.start + 10);
  }
  return reads;
}

for (const arrived of [480, 640, 1_000, 3_000, 16_000, 65_530]) {
  Deno.test(`a FrameBuffer reads ${arrived} bytes at a time at once when they come again and again`, () => {
    const buffer = new FrameBuffer(1 << 20);
    read(buffer, arrived);
    read(buffer, arrived);
    const sizes = [];
    for (let round = 0; round < 100; round++) sizes.push(...read(buffer, arrived));
    assertEquals(sizes, Array(100).fill(arrived));
  });
}

Deno.test("a FrameBuffer keeps its room while it is busy, however little comes", () => {
  const buffer = new FrameBuffer(1 << 20);
  for (let round = 0; round < 3; round++) read(buffer, 16_000);
  const busy = buffer.room().length;
  for (let round = 0; round < 100; round++) read(buffer, 10);
  assertEquals(buffer.room().length, busy);
});

Deno.test("a FrameBuffer gives its room back with the first message after it was idle", () => {
  const buffer = new FrameBuffer(1 << 20);
  for (let round = 0; round < 3; round++) read(buffer, 16_000);
  assertEquals(buffer.room().length, 16_128);
  buffer.settle();
  read(buffer, 10);
  assertEquals(buffer.room().length, 256);
});

Deno.test("a FrameBuffer reads 64 KiB at a time at most while no longer frame is announced", () => {
  const buffer = new FrameBuffer(1 << 20);
  for (let round = 0; round < 10; round++) read(buffer, 1_000_000);
  assertEquals(buffer.room().length, 65_536);
});

for (const [maxFrameBytes, rooms] of [[10, [10]], [1000, [256, 744]], [3000, [256, 768, 1976]]] as const) {
  Deno.test(`a FrameBuffer has room for ${maxFrameBytes} bytes and no more when that is its limit`, () => {
    const buffer = new FrameBuffer(maxFrameBytes);
    const had: number[] = [];
    while (!buffer.isFull) {
      had.push(buffer.room().length);
      buffer.commit(had.at(-1)!);
    }
    assertEquals(had, [...rooms]);
    assertEquals(buffer.room().length, 0);
  });
}

Deno.test("a FrameBuffer is empty when an input cleared it under way", () => {
  const buffer = new FrameBuffer(100);
  fill(buffer, "abc");
  const clearing: Codec<string> = {
    ...lines,
    input(given) {
      buffer.clear();
      return given.length;
    },
  };
  assertEquals(next(buffer, clearing), undefined);
  assertEquals(buffer.length, 0);
});

Deno.test("a FrameBuffer gives one view of frames that were cut one behind the other", () => {
  const buffer = new FrameBuffer(100);
  fill(buffer, "a\nbc\nd");
  next(buffer, lines);
  const start = buffer.frameStart;
  next(buffer, lines);
  assertEquals(text(buffer.view(start, buffer.frameEnd)), "a\nbc\n");
  assertEquals(text(buffer.frame), "bc\n");
  assertEquals(text(buffer.rest()), "d");
  assertEquals(text(buffer.frame), "d");
});

Deno.test("a FrameBuffer hands over a copy of what waits, and takes a datagram in its place", () => {
  const buffer = new FrameBuffer(100);
  fill(buffer, "abc");
  const rest = buffer.takeRest();
  assertEquals(buffer.length, 0);
  fill(buffer, "xyz");
  assertEquals(text(rest), "abc");
  buffer.load(bytes("datagram\n"));
  assertEquals(next(buffer, lines), "datagram\n");
});

Deno.test("a FrameBuffer cuts at a position when that is within its limit", () => {
  const buffer = new FrameBuffer(4);
  buffer.load(concat([bytes("abc\n"), bytes("defgh\n")]));
  assertEquals(buffer.cutAt(4), true);
  assertEquals(text(buffer.frame), "abc\n");
  assertEquals(buffer.cutAt(10), false);
  assertEquals(buffer.length, 6);
});
