import { assertEquals, assertThrows } from "@std/assert";
import { BadFrameError, bytes, type Peer } from "@protohost/protohost";
import frame from "../../protocols/frame.ts";

const peer = {} as Peer;

Deno.test("frame counts its own four bytes when it writes a length, as Workerman does", () => {
  assertEquals(frame.encode(bytes("hello"), peer), Uint8Array.of(0, 0, 0, 9, 104, 101, 108, 108, 111));
  assertEquals(frame.encode(new Uint8Array(0), peer), Uint8Array.of(0, 0, 0, 4));
  assertEquals(frame.input(Uint8Array.of(0, 0, 1, 0), peer, 0), 256);
});

Deno.test("frame refuses a length when it does not cover its own four bytes", () => {
  assertThrows(() => frame.input(Uint8Array.of(0, 0, 0, 3), peer, 0), BadFrameError, "its length is 3 bytes");
});
