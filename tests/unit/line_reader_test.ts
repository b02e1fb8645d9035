import { assertEquals } from "@std/assert";
import { bytes } from "@protohost/protohost";
import { LineReader, type LineSource } from "../../lib/framing/line_reader.ts";

/** A source of which a test moves the ends by hand, and which notes what is searched. */
class Source implements LineSource {
  bytes: Uint8Array = new Uint8Array(64 * 1024);
  start = 0;
  end = 0;
  seen = 0;
  layout = 0;
  maxBytes = Infinity;
  searched = 0;

  constructor(text = "") {
    // As many as a search looks at: from its start to what it finds, or to the end.
    const { bytes: own } = this;
    this.bytes.indexOf = (byte, from = 0) => {
      const at = Uint8Array.prototype.indexOf.call(own, byte, from);
      this.searched += (at < 0 ? this.end : at + 1) - from;
      return at;
    };
    this.bytes.lastIndexOf = (byte, from = own.length - 1) => {
      const at = Uint8Array.prototype.lastIndexOf.call(own, byte, from);
      this.searched += from + 1 - Math.max(at, this.start);
      return at;
    };
    this.add(text);
  }

  add(text: string): void {
    const added = bytes(text);
    this.bytes.set(added, this.end);
    this.end += added.length;
  }

  cutAt(end: number): boolean {
    if (end - this.start > this.maxBytes) return false;
    this.start = end;
    this.seen = 0;
    return true;
  }
}

function all(reader: LineReader, source: LineSource): string[] {
  const lines: string[] = [];
  for (let line; (line = reader.next(source)) !== undefined;) lines.push(line);
  return lines;
}

for (
  const [what, text, lines, left] of [
    ["nothing", "", [], 0],
    ["no end", "abc", [], 3],
    ["ends alone", "\n\r\n\n", ["", "", ""], 0],
    ["both ends", "a\nb\r\nc\n", ["a", "b", "c"], 0],
    ["a return within a line", "a\rb\n\r\r\n", ["a\rb", "\r"], 0],
    ["a rest", "a\nb\nc", ["a", "b"], 1],
    ["characters of several bytes", "é\n✓ x\r\n😀\nlast", ["é", "✓ x", "😀"], 4],
    ["one line of several bytes", "naïve\n", ["naïve"], 0],
    ["a byte order mark", "\ufeffa\nb\n", ["\ufeffa", "b"], 0],
  ] as const
) {
  Deno.test(`a LineReader reads the lines when there is ${what}`, () => {
    const source = new Source(text);
    assertEquals(all(new LineReader(Infinity), source), [...lines]);
    assertEquals(source.end - source.start, left);
  });
}

Deno.test("a LineReader reads as U+FFFD what is no UTF-8, and cuts at the right bytes all the same", () => {
  const source = new Source();
  source.bytes.set([0x61, 0xff, 10, 0xe2, 0x82, 10, 0x62, 10], 0);
  source.end = 8;
  assertEquals(all(new LineReader(Infinity), source), ["a\ufffd", "\ufffd", "b"]);
  assertEquals(source.start, 8);
});

Deno.test("a LineReader reads lines longer than it reads ahead when they are all there", () => {
  const long = "x".repeat(5000);
  const source = new Source(`a\n${long}\r\nb\n${long}`);
  const reader = new LineReader(Infinity);
  assertEquals(all(reader, source), ["a", long, "b"]);
  source.seen = source.end - source.start;
  source.add("y\n");
  assertEquals(all(reader, source), [`${long}y`]);
});

Deno.test("a LineReader finds no end of a line behind what has come", () => {
  for (const length of [10, 5000]) {
    const source = new Source("x".repeat(length));
    source.bytes[length + 1] = 10;
    assertEquals(new LineReader(Infinity).next(source), undefined);
  }
});

Deno.test("a LineReader leaves a line where it is when it is longer than its limit or than a frame may be", () => {
  const limited = new Source("abc\nabcd\n");
  const reader = new LineReader(4);
  assertEquals(all(reader, limited), ["abc"]);
  assertEquals(limited.start, 4);
  const source = new Source("abc\nabcd\n");
  source.maxBytes = 4;
  assertEquals(all(new LineReader(Infinity), source), ["abc"]);
  assertEquals(source.start, 4);
});

Deno.test("a LineReader reads afresh when other bytes have come to stand where its lines stood", () => {
  const source = new Source("one\ntwo\n");
  const reader = new LineReader(Infinity);
  assertEquals(reader.next(source), "one");
  source.bytes.set(bytes("TWO\n"), 0);
  source.start = 0;
  source.end = 4;
  source.layout++;
  assertEquals(all(reader, source), ["TWO"]);
});

Deno.test("a LineReader goes on with the lines of each source when it serves several in turns", () => {
  const [a, b] = [new Source("a1\na2\na3\n"), new Source("b1\nb2\nb3\n")];
  const reader = new LineReader(Infinity);
  const lines = [];
  for (let round = 0; round < 3; round++) lines.push(reader.next(a), reader.next(b));
  assertEquals(lines, ["a1", "b1", "a2", "b2", "a3", "b3"]);
});

Deno.test("a LineReader searches no byte twice when a line comes byte by byte", () => {
  const length = 10_000;
  const source = new Source();
  const reader = new LineReader(Infinity);
  for (let count = 1; count < length; count++) {
    source.add("x");
    assertEquals(reader.next(source), undefined);
    source.seen = count;
  }
  source.add("\n");
  assertEquals(reader.next(source)?.length, length - 1);
  assertEquals(source.searched <= 2 * length, true, `${source.searched} bytes were searched`);
});
