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

Deno.test("jsonnl names a message by the key that is chosen, where it is a string of the message's own", () => {
  const name = (message: unknown) => jsonnl.namedBy!("method").command?.(message, peer);
  assertEquals(name({ type: "x", method: "stop" }), "stop");
  for (
    const message of [{ type: "x" }, { method: 1 }, { METHOD: "stop" }, null, "method", [{ method: "stop" }]]
  ) {
    assertEquals(name(message), "");
  }
  assertEquals(jsonnl.namedBy!("constructor").command?.({}, peer), "");
  assertEquals(jsonnl.namedBy!("length").command?.(["a"], peer), "");
});

Deno.test("jsonnl refuses a line as ambiguous when a server may read it in another way", () => {
  const table: [line: string, byDefault: string | undefined, byMethod: string | undefined][] = [
    ['{"method":"stop"}', undefined, undefined],
    ['{"type":"x","params":{"type":"y","method":"z"}}', undefined, undefined],
    ['{"result":[{"a":1},{"a":1}],"id":1}', undefined, undefined],
    ['[1,"method",[],{"a":1}]', undefined, undefined],
    ['"{\\"a\\":1,\\"a\\":2}"', undefined, undefined],
    ['{"type":"x","method":"stop"}', '"type" and "method" may name it', undefined],
    ['{"type":null,"cmd":"stop"}', '"type" and "cmd" may name it', undefined],
    [
      '{"Method":"stop"}',
      '"Method" differs from "type", "cmd", "method" in letter case',
      '"Method" differs from "method" in letter case',
    ],
    [
      '{"method":"ok","METHOD":"stop"}',
      '"method" and "METHOD" may name it',
      '"method" and "METHOD" may name it',
    ],
    ['{"method":["stop"]}', '"method" is no string', '"method" is no string'],
    ['{"method":null}', '"method" is no string', '"method" is no string'],
    ['[{"method":"stop","id":1}]', "it is a batch", "it is a batch"],
    ['[1,{"METHOD":"stop"}]', "it is a batch", "it is a batch"],
    ['{"method":"stop","method":"ok"}', '"method" comes twice', '"method" comes twice'],
    ['{"meth\\u006fd":"stop","method":"ok"}', '"method" comes twice', '"method" comes twice'],
    ['{"a":[{"b":{"c":1, "c" : 2}}],"method":"x"}', '"c" comes twice', '"c" comes twice'],
    ['{"a":{"a":{"a":1}},"b":["a","a","a:",{"a":","}]}', undefined, undefined],
    ['{"a\\"":1,"a\\\\":2,"a":3}', undefined, undefined],
  ];
  for (const [line, byDefault, byMethod] of table) {
    const message = jsonnl.decode(bytes(line), peer);
    const doubts = [jsonnl, jsonnl.namedBy!("method")].map((protocol) =>
      protocol.ambiguous!(message, peer, { isHooked: true, frame: bytes(line) })
    );
    const expected = [byDefault, byMethod].map((doubt) => doubt && { error: `ambiguous request: ${doubt}` });
    assertEquals(doubts, expected, line);
  }
  const kelvin = jsonnl.namedBy!("kind");
  const line = '{"\u212aind":"stop"}';
  assertEquals(kelvin.ambiguous!(JSON.parse(line), peer, { isHooked: true, frame: bytes(line) }), {
    error: 'ambiguous request: "\u212aind" differs from "kind" in letter case',
  });
  const broken = new Uint8Array([...bytes('{"method":"st'), 0xff, ...bytes('op"}\n')]);
  assertEquals(jsonnl.ambiguous!(jsonnl.decode(broken, peer), peer, { isHooked: true, frame: broken }), {
    error: "ambiguous request: it is not UTF-8",
  });
});
