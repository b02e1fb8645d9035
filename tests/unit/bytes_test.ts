import { assertEquals } from "@std/assert";
import { bytes, concat, equals, indexOf, text } from "@protohost/protohost";
import { Random } from "../../lib/testing/random.ts";

const reference = new TextDecoder("utf-8", { ignoreBOM: true });

Deno.test("text reads what TextDecoder reads when bytes of every length are valid", () => {
  for (let length = 0; length < 400; length++) {
    const ascii = Uint8Array.from({ length }, (_, i) => 32 + i % 95);
    assertEquals(text(ascii), reference.decode(ascii), `${length} of ASCII`);
    const accents = bytes("é✓😀".repeat(100)).subarray(0, length);
    assertEquals(text(accents), reference.decode(accents), `${length} of more than ASCII`);
  }
});

Deno.test("text replaces and never throws when bytes are not UTF-8", () => {
  const random = new Random(1);
  for (let length = 0; length < 400; length++) {
    const noise = random.bytes(length);
    assertEquals(text(noise), reference.decode(noise), `length ${length}`);
  }
  assertEquals(text(Uint8Array.of(65, 0xff, 0xc3)), "A\ufffd\ufffd");
});

Deno.test("text keeps a byte order mark and NUL when they are there", () => {
  for (const rest of ["", "a\0b", "x".repeat(50), "x".repeat(500)]) {
    assertEquals(text(bytes(`\ufeff${rest}`)), `\ufeff${rest}`);
  }
});

Deno.test("text reads a view only when it is given a view", () => {
  assertEquals(text(bytes("say hello!").subarray(4, 9)), "hello");
  assertEquals(text(bytes("say: hello, wide world!").subarray(5, 22)), "hello, wide world");
});

const found: [wanted: string | number | Uint8Array, from: number, index: number][] = [
  //                    0 1 2 3  4  5 6  7  8  9   of "ab\r\r\ncd\r\n"
  ["\r\n", 0, 3],
  ["\r\n", 3, 3],
  ["\r\n", 4, 3], // straddles
  ["\r\n", 5, 7],
  ["\r\n", 8, 7], // straddles
  ["\r\n", 9, -1],
  ["\r\n", 100, -1],
  [Uint8Array.of(13, 10), 4, 3],
  [10, 0, 4],
  [10, 4, 4],
  [10, 5, 8],
  [10, 9, -1],
  ["a", 0, 0],
  ["a", 1, -1],
  ["ab\r\r\ncd\r\n", 0, 0],
  ["ab\r\r\ncd\r\n", 8, 0],
  ["ab\r\r\ncd\r\n!", 0, -1],
  ["\r\r\n", 4, 2],
  ["\r\r\n", 5, -1],
  ["x", 0, -1],
  ["", 0, -1],
  [new Uint8Array(0), 3, -1],
];

for (const [wanted, from, index] of found) {
  Deno.test(`indexOf answers ${index} when it wants ${JSON.stringify(wanted)} from ${from}`, () => {
    assertEquals(indexOf(bytes("ab\r\r\ncd\r\n"), wanted, from), index);
  });
}

Deno.test("indexOf finds the same when bytes arrive one by one", () => {
  const random = new Random(2);
  for (let run = 0; run < 2000; run++) {
    const buffer = random.bytes(30).map((byte) => byte & 1);
    const wanted = random.bytes(1 + random.below(5)).map((byte) => byte & 1);
    let index = -1;
    for (let seen = 0; seen < buffer.length && index < 0; seen++) {
      index = indexOf(buffer.subarray(0, seen + 1), wanted, seen);
    }
    assertEquals(index, buffer.join("").indexOf(wanted.join("")), `${wanted} in ${buffer}`);
  }
});

Deno.test("indexOf keeps apart what it searches for when there are many strings", () => {
  const buffer = bytes(Array.from({ length: 200 }, (_, i) => `<${i}>`).join(""));
  for (let i = 0; i < 200; i++) {
    assertEquals(indexOf(buffer, `<${i}>`), text(buffer).indexOf(`<${i}>`));
  }
});

Deno.test("equals compares all bytes when lengths are the same", () => {
  assertEquals(equals(bytes("abc"), bytes("abc")), true);
  assertEquals(equals(bytes("abc"), bytes("abd")), false);
  assertEquals(equals(bytes("abc"), bytes("ab")), false);
  assertEquals(equals(new Uint8Array(0), new Uint8Array(0)), true);
  assertEquals(equals(bytes("xabc").subarray(1), bytes("abc")), true);
});

Deno.test("concat joins into new memory when it is given one part", () => {
  const part = bytes("abc");
  const joined = concat([part]);
  joined[0] = 0;
  assertEquals(part[0], 97);
  assertEquals(text(concat([part, new Uint8Array(0), bytes("de")])), "abcde");
  assertEquals(concat([]), new Uint8Array(0));
});
