import { assertEquals, assertThrows } from "@std/assert";
import { bytes, type Peer, skip } from "@protohost/protohost";
import jsonnl, { JsonLineError } from "../../protocols/jsonnl.ts";

const peer = {} as Peer;

Deno.test("jsonnl says what is wrong when a line is not JSON", () => {
  const error = assertThrows(() => jsonnl.decode(bytes('{"a":x}\n'), peer), JsonLineError, `'x'`);
  assertEquals(error.message.startsWith("Cannot read a line as JSON: "), true);
  assertEquals(error.code, "bad_json");
});

Deno.test("jsonnl skips a line when it is blank", () => {
  for (const blank of ["\n", "\r\n", " \t\n"]) assertEquals(jsonnl.decode(bytes(blank), peer), skip);
});

Deno.test("jsonnl reads a line when it ends with \\r\\n", () => {
  assertEquals(jsonnl.decode(bytes('{"a":1}\r\n'), peer), { a: 1 });
});

Deno.test("jsonnl makes a message of the last line when its end is missing", () => {
  assertEquals(jsonnl.end?.(bytes('{"a":1}'), peer), { a: 1 });
  assertThrows(() => jsonnl.end?.(bytes('{"a":'), peer), JsonLineError);
});

Deno.test("jsonnl refuses to encode when JSON has nothing for the value", () => {
  assertThrows(
    () => jsonnl.encode(undefined, peer),
    JsonLineError,
    "Cannot write a message of type undefined as JSON",
  );
  assertEquals(jsonnl.encode("a\nb", peer), '"a\\nb"\n');
});

Deno.test("jsonnl names a message by type, cmd or method when one is a string", () => {
  const name = (message: unknown) => jsonnl.command?.(message, peer);
  assertEquals(name({ type: "message", cmd: "x" }), "message");
  assertEquals(name({ cmd: "list" }), "list");
  assertEquals(name({ jsonrpc: "2.0", method: "add" }), "add");
  assertEquals([name({ type: 1 }), name(null), name("type"), name([1]), name({})], ["", "", "", "", ""]);
});

Deno.test("jsonnl reads a value when a byte order mark stands before it", () => {
  assertEquals(jsonnl.decode(bytes('\ufeff{"a":1}\n'), peer), { a: 1 });
  assertEquals(jsonnl.decode(bytes("\ufeff\n"), peer), skip);
  assertEquals(jsonnl.end?.(bytes("\ufeff1"), peer), 1);
  assertThrows(() => jsonnl.decode(bytes("\ufeffx\n"), peer), JsonLineError, `'x'`);
});
