import { assertEquals, assertThrows } from "@std/assert";
import { BadFrameError, bytes, type Peer } from "@protohost/protohost";
import text from "../../protocols/text.ts";

const peer = {} as Peer;

Deno.test("text takes off the line end when it is \\n or \\r\\n", () => {
  assertEquals(text.decode(bytes("hello\n"), peer), "hello");
  assertEquals(text.decode(bytes("hello\r\n"), peer), "hello");
  assertEquals(text.decode(bytes("\r\n"), peer), "");
});

Deno.test("text refuses to encode when the message has a line break", () => {
  assertThrows(() => text.encode("a\nQUIT", peer), BadFrameError, "Cannot make a frame");
  assertEquals(text.encode("a", peer), "a\n");
});

Deno.test("text makes a message of the last line when its end is missing", () => {
  assertEquals(text.end?.(bytes("bye"), peer), "bye");
});

Deno.test("text names a message by its first word", () => {
  const name = (message: string) => text.command?.(message, peer);
  assertEquals([name("HELO there"), name("  x"), name("")], ["HELO", "x", ""]);
});
