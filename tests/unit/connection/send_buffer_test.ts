import { assertEquals } from "@std/assert";
import { concat } from "../../../lib/framing/bytes.ts";
import { SendBuffer } from "../../../lib/connection/send_buffer.ts";

const encoder = new TextEncoder();
const KIB = 1024;

/** Takes all out as a transport does that accepts at most so many bytes a write; answers the writes. */
function writesOf(buffer: SendBuffer, most = Infinity): Uint8Array[] {
  const writes = [];
  while (buffer.size > 0) {
    const write = buffer.head().slice(0, most);
    writes.push(write);
    buffer.consume(write.length);
  }
  return writes;
}

function bytesOf(messages: (Uint8Array | string)[]): Uint8Array {
  return concat(messages.map((each) => typeof each === "string" ? encoder.encode(each) : each));
}

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);

/** What is pushed, and how many writes it takes. */
const table: [name: string, messages: (Uint8Array | string)[], writes: number][] = [
  ["nothing", [], 0],
  ["empty messages", ["", filled(0, 0)], 0],
  ["a short string", ["a"], 1],
  ["short strings gather", ["a", "b", "c"], 1],
  ["bytes behind a string", ["text", filled(3, 1)], 1],
  ["a string behind bytes", [filled(3, 1), "text"], 1],
  ["characters of two, three and four bytes", ["ä", "水", "🙂", "plain"], 1],
  ["a lone surrogate becomes U+FFFD", ["\ud800!"], 1],
  ["a string beyond what is tried as ASCII", ["x".repeat(129)], 1],
  ["a string that is gathered at most", ["y".repeat(4096)], 1],
  ["a string beyond that", ["z".repeat(4097)], 1],
  ["bytes that fill a chunk", [filled(16 * KIB, 7)], 1],
  ["bytes beyond a chunk", [filled(16 * KIB + 1, 7)], 1],
  ["a large message between small ones", ["a", filled(20 * KIB, 7), "b"], 3],
  ["more than a chunk of small ones", Array.from({ length: 20 }, (_, i) => filled(KIB, i)), 1],
  ["more than a large chunk of small ones", Array.from({ length: 70 }, (_, i) => filled(KIB, i)), 2],
  ["more than a chunk of lines", Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(1000, "x")), 1],
  [
    "characters of three bytes across the end of a large chunk",
    Array.from({ length: 40 }, () => "水".repeat(999)),
    2,
  ],
];

Deno.test("a send buffer gives out what it was given, in order, small messages together", () => {
  for (const [name, messages, writes] of table) {
    const buffer = new SendBuffer();
    for (const message of messages) buffer.push(message);
    const wanted = bytesOf(messages);
    assertEquals(buffer.size, wanted.length, name);
    const got = writesOf(buffer);
    assertEquals(concat(got), wanted, name);
    assertEquals(got.length, writes, name);
    assertEquals(buffer.size, 0, name);
  }
});

Deno.test("a send buffer keeps its order when writes take a part only", () => {
  for (const [name, messages] of table) {
    for (const most of [1, 7, 4096]) {
      if (most === 1 && bytesOf(messages).length > 8 * KIB) continue;
      const buffer = new SendBuffer();
      for (const message of messages) buffer.push(message);
      assertEquals(concat(writesOf(buffer, most)), bytesOf(messages), `${name}, ${most} bytes a write`);
    }
  }
});

Deno.test("a separate send buffer gives each message a write of its own", () => {
  const messages = ["a", filled(3, 1), "ä", filled(20 * KIB, 7), "z".repeat(5000), "b"];
  const buffer = new SendBuffer({ separate: true });
  for (const message of messages) buffer.push(message);
  assertEquals(writesOf(buffer), messages.map((message) => bytesOf([message])));
});

Deno.test("what is pushed between a write and its end comes behind it", () => {
  const buffer = new SendBuffer();
  buffer.push("first");
  const head = buffer.head().slice();
  buffer.push(filled(20 * KIB, 7));
  buffer.push("last");
  buffer.consume(2);
  assertEquals(head, encoder.encode("first"));
  assertEquals(concat(writesOf(buffer)), bytesOf(["rst", filled(20 * KIB, 7), "last"]));
});

Deno.test("bytes are copied when they are pushed: their owner may change them", () => {
  for (const length of [3, 20 * KIB]) {
    const buffer = new SendBuffer();
    const own = filled(length, 1);
    buffer.push(own);
    own.fill(9);
    assertEquals(concat(writesOf(buffer)), filled(length, 1));
  }
});

Deno.test("holds says whether so many bytes wait, exactly, though characters may take several", () => {
  const buffer = new SendBuffer();
  for (const [text, size] of [["a".repeat(10), 10], ["水".repeat(10), 40], ["🙂", 44]] as const) {
    buffer.push(text);
    assertEquals([buffer.holds(size), buffer.holds(size + 1)], [true, false]);
  }
});

Deno.test("clear drops everything", () => {
  const buffer = new SendBuffer();
  for (const message of ["text", filled(20 * KIB, 7), "more"]) buffer.push(message);
  buffer.clear();
  assertEquals([buffer.size, buffer.holds(1)], [0, false]);
  buffer.push("new");
  assertEquals(concat(writesOf(buffer)), encoder.encode("new"));
});
