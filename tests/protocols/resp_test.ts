import { assert, assertEquals, assertThrows } from "@std/assert";
import { bytes, concat, DEFAULT_LIMITS, type Peer, skip, text } from "@protohost/protohost";
import { checkProtocol } from "@protohost/protohost/testing";
import resp, * as module from "../../protocols/resp/mod.ts";
import {
  array,
  bulk,
  type Command,
  error,
  integer,
  join,
  type Reply,
  RespError,
  RespSession,
  simple,
  subcommand,
  type Value,
} from "../../protocols/resp/mod.ts";

type RespPeer = Peer<RespSession>;

function open(maxFrameBytes = DEFAULT_LIMITS.maxFrameBytes): RespPeer {
  return { session: new RespSession(), limits: { ...DEFAULT_LIMITS, maxFrameBytes } } as RespPeer;
}

/** Cuts and decodes a stream that arrives in pieces of so many bytes, as the engine does. */
function receive(
  codec: typeof resp | typeof resp.reply,
  stream: Uint8Array,
  options: { peer?: RespPeer; size?: number } = {},
): { messages: unknown[]; frames: Uint8Array[] } {
  const { peer = open(), size = Infinity } = options;
  const messages: unknown[] = [];
  const frames: Uint8Array[] = [];
  const max = peer.limits.maxFrameBytes;
  let [begin, end, from, need] = [0, 0, 0, 0];
  while (true) {
    if (need === 0 && end > begin + from) {
      need = codec.input(stream.subarray(begin, end), peer, from);
      if (need > max) throw new RangeError(`a frame of ${need} bytes`);
      from = need === 0 ? end - begin : 0;
      if (need === 0 && from >= max) throw new RangeError("the buffer is full");
    }
    if (need > 0 && need <= end - begin) {
      const frame = stream.slice(begin, begin + need);
      frames.push(frame);
      const message = codec.decode(frame, peer);
      if (message !== skip) messages.push(message);
      begin += need;
      need = 0;
      continue;
    }
    if (end === stream.length) return { messages, frames };
    end = Math.min(stream.length, begin + max, end + size);
  }
}

function commands(wire: string, peer?: RespPeer): unknown[] {
  return receive(resp, bytes(wire), { peer }).messages;
}

function replies(wire: string, peer?: RespPeer): Reply[] {
  return receive(resp.reply, bytes(wire), { peer }).messages as Reply[];
}

function wireOf(made: Uint8Array | string): string {
  return typeof made === "string" ? made : text(made);
}

Deno.test("resp keeps the contract", () => {
  checkProtocol(resp, {
    ...module,
    notations: [
      ["SET a 1", { args: ["SET", "a", "1"] }],
      [`set "a b" 'c\\'d' "\\x41\\n\\""`, { args: ["set", "a b", "c'd", 'A\n"'] }],
      [`set k "\\xff"`, { args: ["set", "k", Uint8Array.of(255)] }],
      [`a"b c" ""`, { args: ["ab c", ""] }],
    ],
  });
});

// The examples of the specification, https://redis.io/docs/latest/develop/reference/protocol-spec/, and of RESP3's own,
// https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md.
const vectors: [wire: string, value: Value][] = [
  ["+OK\r\n", simple("OK")],
  ["+hello world\r\n", simple("hello world")],
  ["+\r\n", simple("")],
  ["-Error message\r\n", error("Error message")],
  ["-ERR unknown command 'asdf'\r\n", error("ERR unknown command 'asdf'")],
  [
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    error("WRONGTYPE Operation against a key holding the wrong kind of value"),
  ],
  [":0\r\n", integer(0)],
  [":1000\r\n", integer(1000)],
  [":-1\r\n", integer(-1)],
  [":9223372036854775807\r\n", integer(9223372036854775807n)],
  [":-9223372036854775808\r\n", integer(-9223372036854775808n)],
  ["$5\r\nhello\r\n", bulk("hello")],
  ["$0\r\n\r\n", bulk("")],
  ["$-1\r\n", bulk(null)],
  ["*0\r\n", array([])],
  ["*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", array([bulk("hello"), bulk("world")])],
  ["*3\r\n:1\r\n:2\r\n:3\r\n", array([1, 2, 3].map(integer))],
  ["*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n$5\r\nhello\r\n", array([...[1, 2, 3, 4].map(integer), bulk("hello")])],
  [
    "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
    array([array([1, 2, 3].map(integer)), array([simple("Hello"), error("World")])]),
  ],
  ["*-1\r\n", { type: "array", value: null }],
  ["*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n", array([bulk("hello"), bulk(null), bulk("world")])],
  ["_\r\n", { type: "null", value: null }],
  ["#t\r\n", { type: "boolean", value: true }],
  ["#f\r\n", { type: "boolean", value: false }],
  [",1.23\r\n", { type: "double", value: 1.23 }],
  [",10\r\n", { type: "double", value: 10 }],
  [",inf\r\n", { type: "double", value: Infinity }],
  [",-inf\r\n", { type: "double", value: -Infinity }],
  [",nan\r\n", { type: "double", value: NaN }],
  ["(3492890328409238509324850943850943825024385\r\n", {
    type: "bignumber",
    value: 3492890328409238509324850943850943825024385n,
  }],
  ["!21\r\nSYNTAX invalid syntax\r\n", { type: "bulkerror", value: "SYNTAX invalid syntax" }],
  ["=15\r\ntxt:Some string\r\n", { type: "verbatim", format: "txt", value: "Some string" }],
  ["=4\r\ntxt:\r\n", { type: "verbatim", format: "txt", value: "" }],
  ["%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n", {
    type: "map",
    value: [[simple("first"), integer(1)], [simple("second"), integer(2)]],
  }],
  ["~5\r\n+orange\r\n+apple\r\n#t\r\n:100\r\n:999\r\n", {
    type: "set",
    value: [simple("orange"), simple("apple"), { type: "boolean", value: true }, integer(100), integer(999)],
  }],
  [
    "|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n*2\r\n:2039123\r\n:9543892\r\n",
    {
      type: "array",
      value: [integer(2039123), integer(9543892)],
      attributes: [[simple("key-popularity"), {
        type: "map",
        value: [
          [bulk("a"), { type: "double", value: 0.1923 }],
          [bulk("b"), { type: "double", value: 0.0012 }],
        ],
      }]],
    },
  ],
  ["*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n", {
    type: "array",
    value: [integer(1), integer(2), { ...integer(3), attributes: [[simple("ttl"), integer(3600)]] }],
  }],
  [">4\r\n+pubsub\r\n+message\r\n+somechannel\r\n+this is the message\r\n", {
    type: "push",
    value: ["pubsub", "message", "somechannel", "this is the message"].map(simple),
  }],
];

Deno.test("resp reads and writes each example of the specification", () => {
  for (const [wire, value] of vectors) {
    assertEquals(replies(wire), [value], wire);
    assertEquals(wireOf(resp.reply.encode(value, open())), wire);
  }
  const all = concat(vectors.map(([wire]) => bytes(wire)));
  for (const size of [1, 7, 100]) {
    assertEquals(receive(resp.reply, all, { size }).messages, vectors.map(([, value]) => value));
  }
});

Deno.test("resp reads forms that it does not write itself", () => {
  const forms: [string, Value][] = [
    [":+5\r\n", integer(5)],
    [":-0\r\n", integer(0)],
    [",1.5E+3\r\n", { type: "double", value: 1500 }],
    [",+inf\r\n", { type: "double", value: Infinity }],
    ["(+12\r\n", { type: "bignumber", value: 12n }],
    ["|0\r\n|0\r\n:1\r\n", { ...integer(1), attributes: [] }],
  ];
  for (const [wire, value] of forms) assertEquals(replies(wire), [value], wire);
});

Deno.test("resp reads commands as arrays and inline, in one stream", () => {
  const wire =
    "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n\r\n*0\r\n  set  k \"a \\x41\\r\\n\"  'it\\'s' \n*-1\r\n" +
    "*-10\r\n*-999999999999999\r\n*1\r\n$4\r\nQUIT\r\n";
  const wanted = [["GET", "a"], ["PING"], ["set", "k", "a A\r\n", "it's"], ["QUIT"]].map((args) => ({
    args,
  }));
  assertEquals(commands(wire), wanted);
  for (const size of [1, 2, 5]) assertEquals(receive(resp, bytes(wire), { size }).messages, wanted);
  assertEquals(wireOf(resp.encode({ args: ["GET", "naïve"] }, open())), "*2\r\n$3\r\nGET\r\n$6\r\nnaïve\r\n");
});

Deno.test("resp splits an inline command into the words that redis finds", () => {
  const lines: [line: string, args: string[]][] = [
    ["PING\n", ["PING"]],
    ["PING\r\r\n", ["PING"]],
    [" \t\v\fPING \t\r\n", ["PING"]],
    ["ECHO a\rb\r\n", ["ECHO", "a", "b"]],
    // Within a word a vertical tab and a form feed are no blanks.
    ["PING\vx\r\n", ["PING\vx"]],
    ["PING\f\r\n", ["PING\f"]],
    [`"PING"\vx\r\n`, ["PING", "x"]],
    [`PI"NG"\r\n`, ["PING"]],
    [`"\\x50ING" '\\x50' \\x50\r\n`, ["PING", "\\x50", "\\x50"]],
    [`"\\q\\"\\\\" '\\'' ""\r\n`, [`q"\\`, "'", ""]],
    [`"a\\x00b"\r\n`, ["a\0b"]],
  ];
  for (const [line, args] of lines) assertEquals(commands(line), [{ args }], JSON.stringify(line));
});

Deno.test("resp refuses commands that redis refuses, when it sees the first bad byte, and as redis says it", () => {
  const multibulk = "invalid multibulk length";
  const bulk = "invalid bulk length";
  const bad: [wire: string, message: string, protocolError: string][] = [
    ["*1\r\n:1\r\n", `begins with ":", wanted "$"`, "expected '$', got ':'"],
    ["*1\r\nfoo", `begins with "f", wanted "$"`, "expected '$', got 'f'"],
    ["*1\r\n*1", `begins with "*", wanted "$"`, "expected '$', got '*'"],
    ["*x", `a length reads "x"`, multibulk],
    ["*\0", `a length reads "\\u0000"`, multibulk],
    ["*1 ", `a length reads "1 "`, multibulk],
    ["* 1", `a length reads " 1"`, multibulk],
    ["*+1", `a length reads "+1"`, multibulk],
    ["*-0", `a length reads "-0"`, multibulk],
    ["*-\r\n", `a length reads "-\\r\\n"`, multibulk],
    ["*01", `a length reads "01"`, multibulk],
    ["*1\n", `a length reads "1\\n"`, multibulk],
    ["*1\rx", `a length reads "1\\rx"`, multibulk],
    ["*2147483648\r\n", "wanted at most 2147483647", multibulk],
    ["*1\r\n$-", `a length reads "-"`, bulk],
    ["*1\r\n$+3", `a length reads "+3"`, bulk],
    ["*1\r\n$03", `a length reads "03"`, bulk],
    ["*1\r\n$\r\n", `a length reads "\\r\\n"`, bulk],
    ["*1\r\n$1\n", `a length reads "1\\n"`, bulk],
    ["*1\r\n$1234567890123456789", "a length reads", bulk],
    ["*2\r\n$1\r\nabc$1\r\nb\r\n", "does not end where its length says", bulk],
    ["*1\r\n$1\r\nabc", "does not end where its length says", bulk],
    ['SET "a\r\n', "quotes are unbalanced", "unbalanced quotes in request"],
    ["SET 'a'b\r\n", "quotes are unbalanced", "unbalanced quotes in request"],
    ["PING\0\r\n", "a zero byte", "zero byte in inline request"],
    ["x".repeat(64 * 1024 + 1), "longer than 65536 bytes", "too big inline request"],
  ];
  for (const [wire, message, protocolError] of bad) {
    const error = assertThrows(() => commands(wire), RespError, message, wire.slice(0, 80));
    assertEquals(error.protocolError, protocolError, wire.slice(0, 80));
  }
});

Deno.test("resp reads a text as opaque when what stands before it is no format", () => {
  for (const wire of ["=3\r\nabc\r\n", "=7\r\ntxt abc\r\n", "=7\r\nt\u0001t:abc\r\n", "=7\r\nt t:abc\r\n"]) {
    assertEquals(replies(wire), [{ type: "opaque", value: wire }], wire);
  }
});

Deno.test("resp gives the beginning of a text neither a format nor a value before all of it came", () => {
  const wire = `=${LARGE}\r\ntxt:${"x".repeat(100)}`;
  const { messages: [head] } = receive(resp.reply, bytes(wire), { peer: open(MAX) });
  const { type, format, value, partial } = head as Record<string, unknown>;
  assertEquals({ type, format, value, partial }, { type: "verbatim", format: "", value: "", partial: true });
});

Deno.test("resp makes nothing of a reply that it skims but its type, whichever that is", () => {
  const skimOf = (wire: string) => {
    const peer = open();
    receive(resp, bytes("PING\r\n"), { peer });
    return resp.reply.skim!(bytes(wire), peer);
  };
  const wires = {
    ...{ simple: "+OK\r\n", error: "-ERR\r\n", integer: ":1\r\n", bulk: "$1\r\na\r\n", array: "*0\r\n" },
    ...{ null: "_\r\n", boolean: "#t\r\n", double: ",1\r\n", bignumber: "(1\r\n", bulkerror: "!1\r\na\r\n" },
    ...{ verbatim: "=5\r\ntxt:a\r\n", map: "%0\r\n", set: "~0\r\n", push: ">1\r\n+a\r\n" },
  };
  for (const [type, wire] of Object.entries(wires)) {
    const skimmed = skimOf(wire) as Value;
    assertEquals(skimmed.type, type);
    assert(skimmed === skimOf(wire), `${type} is made anew`);
  }
});

Deno.test("resp leaves it to the server how long a string may be", () => {
  const peer = open(MAX);
  const [head] = commands("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000000000\r\n", peer);
  assertEquals(head, { args: ["SET", "k"], partial: true, count: 3, bodyBytes: 900_000_000_000 });
});

Deno.test("resp refuses replies that cannot be framed", () => {
  const bad: [string, string][] = [
    ["hello\r\n", `begins with "h"`],
    ["\r\n", "begins with byte 13"],
    ["$-2", "a length reads"],
    ["$?\r\n", "a length reads"],
    ["!-1\r\n", "a length reads"],
    ["~-1\r\n", "a length reads"],
    ["%-1\r\n", "a length reads"],
    ["$1\r\nabc", "does not end where its length says"],
  ];
  for (const [wire, message] of bad) assertThrows(() => replies(wire), RespError, message, wire);
});

Deno.test("resp reads any reply that can be framed, and writes it as it came", () => {
  const opaque = (value: string): Value => ({ type: "opaque", value });
  const odd: [wire: string, value: Value][] = [
    [":9223372036854775808\r\n", integer(9223372036854775808n)],
    [":1.5\r\n", opaque(":1.5\r\n")],
    [":\r\n", opaque(":\r\n")],
    [`:${"9".repeat(5000)}\r\n`, opaque(`:${"9".repeat(5000)}\r\n`)],
    [",one\r\n", opaque(",one\r\n")],
    [",\r\n", opaque(",\r\n")],
    [",0x1p3\r\n", opaque(",0x1p3\r\n")],
    ["#true\r\n", opaque("#true\r\n")],
    ["_null\r\n", opaque("_null\r\n")],
    ["(1 2\r\n", opaque("(1 2\r\n")],
    ["(123  456\r\n", opaque("(123  456\r\n")],
    ["=3\r\nabc\r\n", opaque("=3\r\nabc\r\n")],
    ["=4\r\nabcd\r\n", opaque("=4\r\nabcd\r\n")],
    ["*2\r\n#\r\n:1\r\n", array([opaque("#\r\n"), integer(1)])],
    [`-${"x".repeat(70_000)}\r\n`, error("x".repeat(70_000))],
  ];
  for (const [wire, value] of odd) {
    assertEquals(replies(wire), [value], wire.slice(0, 80));
    assertEquals(text(bytes(wireOf(resp.reply.encode(value, open())))), wire);
  }
  // Only \r\n ends a line.
  const broken = opaque("-ERR a\rb\nc\r\n");
  assertEquals(replies("-ERR a\rb\nc\r\n+OK\r\n"), [broken, simple("OK")]);
  assertEquals(resp.reply.command!(broken, open()), "error");
  assertEquals(resp.reply.command!(opaque("+a\rb\r\n"), open()), "ok");
  assertEquals(resp.reply.command!({ type: "opaque", value: bytes("+\xff\r\r\n") }, open()), "ok");
  assertEquals(resp.reply.command!(opaque("#true\r\n"), open()), "value");
  assertEquals(replies("+a\n"), []);
  for (const infinite of ["inf", "+INF", "Infinity", "infinity"]) {
    assertEquals(replies(`,${infinite}\r\n,-${infinite.replace("+", "")}\r\n`), [
      { type: "double", value: Infinity },
      { type: "double", value: -Infinity },
    ]);
  }
  for (const nan of ["nan", "-nan", "NaN"]) {
    assertEquals(replies(`,${nan}\r\n`), [{ type: "double", value: NaN }]);
  }
});

Deno.test("resp reads a reply however deep it is, and does not look into what is deeper than 128", () => {
  const at128 = "*1\r\n".repeat(128) + ":1\r\n";
  assertEquals(wireOf(resp.reply.encode(replies(at128)[0], open())), at128);
  const deepest: [string, string][] = [
    ["*1\r\n".repeat(200_000), ":1\r\n"],
    ["%1\r\n+k\r\n~1\r\n".repeat(100), "$2\r\nab\r\n"],
    [">2\r\n+k\r\n".repeat(200), "=6\r\ntxt:ab\r\n"],
    ["*1\r\n|1\r\n+k\r\n:1\r\n".repeat(200), "!1\r\nx\r\n"],
    ["*2\r\n*-1\r\n".repeat(200), "$-1\r\n"],
  ];
  for (const [levels, leaf] of deepest) {
    const wire = levels + leaf;
    const read = replies(`${wire}+OK\r\n`);
    assertEquals(read.length, 2, levels.slice(0, 20));
    assertEquals(text(bytes(wireOf(resp.reply.encode(read[0], open())))), wire);
  }
});

Deno.test("resp waits and allocates nothing when a header announces what never comes", () => {
  const commandsPeer = open();
  assertEquals(resp.input(bytes("*2147483647\r\n$3\r\nGET\r\n"), commandsPeer, 0), 0);
  assertEquals(resp.reply.input(bytes("*2147483647\r\n%2147483647\r\n"), open(), 0), 0);
  assertThrows(() => resp.reply.input(bytes("*2147483647\r\n".repeat(600)), open(), 0), RespError, "2^40");
});

Deno.test("resp writes nothing that its peer would read as something else", () => {
  assertThrows(() => resp.encode({ args: [] }, open()), RespError, "no arguments");
  assertThrows(() => resp.reply.encode(error("ERR a\r\n+OK"), open()), RespError, "line break");
  assertThrows(
    () => resp.reply.encode({ type: "error", value: bytes("ERR a\rb") }, open()),
    RespError,
    "line break",
  );
  for (const value of ["", "+OK\r\n+OK\r\n", "+OK", "*1\r\n", "x\r\n"]) {
    assertThrows(() => resp.reply.encode({ type: "opaque", value }, open()), RespError);
  }
  assertThrows(
    () => resp.reply.encode({ type: "verbatim", format: "text", value: "" }, open()),
    RespError,
    "format",
  );
  assertEquals(text(bytes(wireOf(resp.reply.encode(bulk("\ud800"), open())))), "$3\r\n\ufffd\r\n");
});

Deno.test("resp writes a message given as text as it is read in a rule", () => {
  const reply = (written: unknown) => wireOf(resp.reply.encode(written as Reply, open()));
  assertEquals(text(bytes(reply("-ERR refused"))), "-ERR refused\r\n");
  assertEquals(text(bytes(reply('"hello"'))), "$5\r\nhello\r\n");
  assertEquals(
    text(bytes(wireOf(resp.encode("SET a b" as unknown as Command, open())))),
    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
  );
  assertThrows(() => reply("x"), RespError, 'Cannot read "x" as a reply: wanted one value, such as +OK');
});

Deno.test("resp tells what was wanted in place of what is no message", () => {
  const types = "simple, error, integer, bulk, array, null, boolean, double, bignumber, bulkerror, " +
    "verbatim, map, set, push, opaque";
  const replies: [unknown, string][] = [
    [{ type: "value", value: "x" }, `of type "value", wanted one of ${types}`],
    [{ type: "toString", value: "x" }, `of type "toString", wanted one of ${types}`],
    [undefined, 'found undefined, wanted one such as { type: "simple", value: "OK" }'],
    [5, "found 5, wanted one such as"],
    [{}, "found an object with no keys, wanted one such as"],
    [{ args: ["x"] }, "found an object with the keys args, wanted"],
    [{ type: "array", value: ["x"] }, 'found "x", wanted one such as'],
    [{ type: "array" }, 'of type "array": its value is undefined, wanted an array of values or null'],
    [{ type: "bulk", value: 5 }, 'of type "bulk": its value is 5, wanted a string, bytes or null'],
    [{ type: "integer", value: "1\r\n:2" }, "wanted a whole number or a bigint"],
    [{ type: "integer", value: 1.5 }, "its value is 1.5, wanted a whole number"],
    [{ type: "map", value: [["a"]] }, "its value is an array, wanted an array of pairs"],
    [{ type: "verbatim", format: "txt" }, "its value is undefined, wanted a string or bytes"],
  ];
  for (const [found, message] of replies) {
    assertThrows(() => resp.reply.encode(found as Reply, open()), RespError, message);
  }
  const requests: [unknown, string][] = [
    [null, 'found null, wanted one such as { args: ["SET", "key", "1"] }'],
    [["SET", "a"], "found an array, wanted one such as"],
    [{ type: "simple", value: "OK" }, "found an object with the keys type, value, wanted one such as"],
    [{ args: "SET a" }, "found an object with the keys args, wanted one such as"],
    [{ args: ["EXPIRE", "a", 10] }, "args[2] is 10, wanted a string or bytes"],
  ];
  for (const [found, message] of requests) {
    assertThrows(() => resp.encode(found as Command, open()), RespError, message);
  }
});

Deno.test("resp reads replies in notation", () => {
  const parse = resp.reply.parse!;
  assertEquals(parse("-ERR refused"), error("ERR refused"));
  assertEquals(parse("+OK\r\n"), simple("OK"));
  assertEquals(parse(":1"), integer(1));
  assertEquals(parse("$-1"), bulk(null));
  assertEquals(parse("$5\nhello"), bulk("hello"));
  assertEquals(parse("*2\n:1\n+a"), array([integer(1), simple("a")]));
  assertEquals(parse('"a \\"b\\""'), bulk('a "b"'));
  for (
    const notation of ["", "OK", '"a" b', ":1\n:2", "*2\n:1", "#true", "+a\rb", "*1\n".repeat(129) + ":1"]
  ) {
    assertThrows(() => parse(notation), RespError);
  }
  assertThrows(() => resp.parse!("  "), RespError, "it is empty");
});

Deno.test("resp names a command by its first word, and a reply by its class", () => {
  const name = (message: Parameters<typeof resp.encode>[0]) => resp.command!(message, open());
  assertEquals(name({ args: ["config", "set", "a", "b"] }), "CONFIG");
  assertEquals(name({ args: [Uint8Array.of(255)] }), "");
  // Redis knows the case of ASCII letters only: these are other commands.
  assertEquals(name({ args: ["\u017fet"] }), "\u017fET");
  assertEquals(name({ args: ["stra\u00dfe"] }), "STRA\u00dfE");
  assertEquals(name({ part: "body", bytes: bytes("x"), last: true, complete: true }), "");
  const classOf = (reply: Reply) => resp.reply.command!(reply, open());
  assertEquals(classOf(simple("QUEUED")), "ok");
  assertEquals(classOf(error("ERR no")), "error");
  assertEquals(classOf({ type: "bulkerror", value: "ERR" }), "error");
  assertEquals(classOf({ type: "push", value: [] }), "push");
  assertEquals(classOf(array([])), "value");
  assertEquals(classOf(bulk(null)), "value");
});

// Parts.

const LARGE = 100_000;
const MAX = 65_536;

Deno.test("resp passes a command in parts, its name and key in the head, when a value is larger than a frame", () => {
  const value = new Uint8Array(LARGE).map((_, i) => i % 251);
  const wire = concat([
    bytes(`*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LARGE}\r\n`),
    value,
    bytes("\r\n$2\r\nEX\r\n$2\r\n10\r\n*1\r\n$4\r\nPING\r\n"),
  ]);
  for (const size of [1, 1000, Infinity]) {
    const { messages, frames } = receive(resp, wire, { peer: open(MAX), size });
    assertEquals(messages[0], { args: ["SET", "k"], partial: true, count: 5, bodyBytes: LARGE });
    assertEquals(messages.at(-1), { args: ["PING"] });
    const parts = messages.slice(1, -1) as {
      part: string;
      bytes: Uint8Array;
      last: boolean;
      complete: boolean;
    }[];
    const body = parts.filter(({ part }) => part === "body");
    assertEquals(concat(body.map((part) => part.bytes)), value);
    assertEquals(body.map(({ last }) => last).lastIndexOf(false), body.length - 2);
    assertEquals(parts.map(({ complete }) => complete).indexOf(true), parts.length - 1);
    assertEquals(concat(frames), wire);
    const again = messages.map((message) => resp.encode(message as Command, open()));
    assertEquals(concat(again.map((made) => typeof made === "string" ? bytes(made) : made)), wire);
    assertEquals((join(messages as Command[])[0] as Command).args[3], "EX");
  }
});

Deno.test("resp passes a reply in parts when it is larger than a frame, whatever makes it so", () => {
  const shapes: Record<string, Value> = {
    "a string": bulk("x".repeat(LARGE)),
    "many elements": array(Array.from({ length: 20_000 }, (_, i) => bulk(`item ${i}`))),
    "strings among elements": array([
      integer(1),
      bulk("x".repeat(LARGE)),
      array([bulk("y".repeat(LARGE)), bulk("z")]),
      bulk("v".repeat(60_000)),
    ]),
    "a map": { type: "map", value: Array.from({ length: 9000 }, (_, i) => [bulk(`k${i}`), integer(i)]) },
    "a text": { type: "verbatim", format: "txt", value: "x".repeat(LARGE) },
    "attributes": { ...bulk("x".repeat(LARGE)), attributes: [[simple("a"), bulk("b".repeat(LARGE))]] },
    "nested deeper than values may be": array([bulk("x".repeat(LARGE)), array([array([])])]),
  };
  for (const [name, value] of Object.entries(shapes)) {
    const made = resp.reply.encode(value, open());
    const wire = concat([typeof made === "string" ? bytes(made) : made, bytes("+OK\r\n")]);
    for (const size of [997, Infinity]) {
      const { messages, frames } = receive(resp.reply, wire, { peer: open(MAX), size });
      assertEquals((messages[0] as { partial?: boolean }).partial, true, name);
      assertEquals(messages.at(-1), simple("OK"), name);
      assertEquals(concat(frames), wire);
      const again = messages.map((message) => resp.reply.encode(message as Reply, open()));
      assertEquals(concat(again.map((bit) => typeof bit === "string" ? bytes(bit) : bit)), wire, name);
      assertEquals(join(messages as Reply[]), [value, simple("OK")], name);
    }
  }
});

Deno.test("resp refuses a part when its string does not end where its length says", () => {
  const wire = bytes(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LARGE}\r\n${"x".repeat(LARGE)}PING\r\n`);
  assertThrows(() => receive(resp, wire, { peer: open(MAX) }), RespError, "does not end");
});

// Which reply answers what. A line is what a client sends (after "> "; "withdrawn> " if it goes no further) and whether that asks
// for a reply, or a reply and whether it completes a request.

function answersOf(
  lines: [string, boolean?][],
  options: { skims?: boolean } = {},
): [string, boolean?][] {
  const peer = open();
  const skimmed = { ...resp, decode: resp.skim! };
  const skimmedReply = { ...resp.reply, decode: resp.reply.skim! };
  const commands = (wire: string, peer: RespPeer) =>
    receive(options.skims ? skimmed as typeof resp : resp, bytes(wire), { peer }).messages;
  const replies = (wire: string, peer: RespPeer) =>
    receive(options.skims ? skimmedReply : resp.reply, bytes(wire), { peer }).messages as Reply[];
  return lines.map(([line, wanted]) => {
    if (wanted === undefined) {
      const [message] = commands(`${line}\r\n`, peer) as Command[];
      assert(resp.asks(message, peer), line);
      return [line];
    }
    const sent = /^(>|withdrawn>) (.*)/.exec(line);
    if (sent !== null) {
      const [message] = commands(`${sent[2]}\r\n`, peer) as Command[];
      const asks = resp.asks(message, peer);
      if (sent[1] === "withdrawn>") resp.withdrawn!(message, peer);
      return [line, asks];
    }
    const [message] = replies(line.replaceAll(" | ", "\r\n") + "\r\n", peer);
    return [line, resp.answers!(message, peer)];
  });
}

function bulks(...words: (string | number)[]): string {
  const items = words.map((word) => typeof word === "number" ? `:${word}` : `$${word.length} | ${word}`);
  return `*${words.length} | ${items.join(" | ")}`;
}

function push(...words: (string | number)[]): string {
  return ">" + bulks(...words).slice(1);
}

const dialogues: Record<string, [string, boolean?][]> = {
  "each reply answers one command": [["GET a"], ["INCR b"], ["$-1", true], [":1", true], [
    "-ERR late",
    false,
  ]],
  "a subscription is answered by its last confirmation (RESP2)": [
    ["SUBSCRIBE a b a"],
    ["PING"],
    [bulks("subscribe", "a", 1), false],
    [bulks("message", "a", "x"), false],
    [bulks("subscribe", "b", 2), false],
    [bulks("subscribe", "a", 2), true],
    [bulks("message", "b", "x"), false],
    [bulks("pong", ""), true],
    [bulks("message", "b", "x"), false],
  ],
  "a subscription is answered by its last confirmation (RESP3)": [
    ["HELLO 3"],
    ["SUBSCRIBE a b"],
    ["LRANGE l 0 -1"],
    ["%1 | $6 | server | $5 | redis", true],
    [push("subscribe", "a", 1), false],
    [push("message", "a", "x"), false],
    [push("subscribe", "b", 2), true],
    [push("invalidate", "k"), false],
    [bulks("message", "a", "x"), true],
  ],
  "an end of all subscriptions is answered when none is left": [
    ["SUBSCRIBE a b"],
    ["PSUBSCRIBE p*"],
    ["UNSUBSCRIBE"],
    ["UNSUBSCRIBE"],
    ["PUNSUBSCRIBE"],
    ["GET a"],
    [bulks("subscribe", "a", 1), false],
    [bulks("subscribe", "b", 2), true],
    [bulks("psubscribe", "p*", 3), true],
    [bulks("pmessage", "p*", "pp", "x"), false],
    [bulks("unsubscribe", "b", 2), false],
    [bulks("unsubscribe", "a", 1), true],
    ["*3 | $11 | unsubscribe | $-1 | :1", true],
    [bulks("punsubscribe", "p*", 0), true],
    [bulks("message", "a", "x"), true],
  ],
  "a list that looks like a message is an answer when nothing is subscribed": [
    ["LRANGE l 0 -1"],
    ["EVAL x 0"],
    [bulks("message", "a", "x"), true],
    [bulks("subscribe", "a", 1), true],
  ],
  "a refused subscription is answered by its error": [
    ["SUBSCRIBE a b"],
    ["SUBSCRIBE a c"],
    ["-NOPERM no", true],
    [bulks("subscribe", "a", 1), false],
    [bulks("subscribe", "c", 2), true],
  ],
  "a subscription that never reached the server is passed over": [
    ["SUBSCRIBE a b c"],
    ["FLUSHALL"],
    ["SUBSCRIBE d e"],
    ["PING"],
    [bulks("subscribe", "d", 1), false],
    [bulks("subscribe", "e", 2), true],
    [bulks("pong", ""), true],
  ],
  "an unsolicited end of a subscription answers nothing": [
    ["SSUBSCRIBE a"],
    [bulks("ssubscribe", "a", 1), true],
    ["SUBSCRIBE b"],
    [bulks("sunsubscribe", "a", 0), false],
    [bulks("subscribe", "b", 1), true],
  ],
  "silenced commands ask for nothing": [
    ["> CLIENT REPLY SKIP", false],
    ["> SET a 1", false],
    ["> SET a 2", true],
    ["> client reply off", false],
    ["> SET a 3", false],
    ["> CLIENT REPLY SKIP", false],
    ["> CLIENT REPLY ON", true],
    ["> SET a 4", true],
    ["> CLIENT REPLY OFF", false],
    ["> SUBSCRIBE a", true],
    ["> RESET", true],
    ["> GET a", true],
  ],
  "in a transaction CLIENT REPLY and SUBSCRIBE are queued": [
    ["MULTI"],
    ["> CLIENT REPLY OFF", true],
    ["> SUBSCRIBE a b", true],
    ["DISCARD"],
    ["+OK", true],
    ["+QUEUED", true],
    ["+QUEUED", true],
    ["+OK", true],
    ["+OK", false],
  ],
  "what is withdrawn changes nothing, but that it uses a skip up": [
    ["withdrawn> CLIENT REPLY OFF", false],
    ["> GET a", true],
    ["withdrawn> MULTI", true],
    ["> CLIENT REPLY SKIP", false],
    ["withdrawn> PING", false],
    ["> GET b", true],
    ["withdrawn> SUBSCRIBE c", true],
    ["> SUBSCRIBE c d", true],
    ["$-1", true],
    ["$-1", true],
    [bulks("subscribe", "c", 1), false],
    [bulks("subscribe", "d", 2), true],
    ["$-1", false],
  ],
  "CLIENT REPLY with other words, and RESET, MULTI, EXEC and DISCARD with any, change nothing": [
    ["> CLIENT REPLY OF", true],
    ["> CLIENT REPLY OFF NOW", true],
    ["> MULTI now", true],
    ["> CLIENT REPLY OFF", false],
    ["> EXEC now", false],
    ["> RESET now", false],
    ["> PING", false],
    ["> RESET", true],
    ["> MULTI", true],
    ["> EXEC now", true],
    ["> CLIENT REPLY OFF", true],
  ],
  "behind what a primary grants a replica nothing is asked and answered": [
    ["PING"],
    ["REPLCONF listening-port 6380"],
    ["> PSYNC ? -1", true],
    ["+PONG", true],
    ["+OK", true],
    ["+FULLRESYNC 0123 0", true],
    ["> REPLCONF ACK 0", false],
    ["> PING", false],
  ],
  "a SYNC that is refused is answered as any command": [
    ["> SYNC", true],
    ["-NOMASTERLINK no", true],
    ["> PING", true],
    ["$-1", true],
  ],
  "lines of MONITOR answer nothing": [
    ["MONITOR"],
    ["+OK", true],
    ['+1700000000.123456 [0 127.0.0.1:1234] "PING"', false],
    ["PING"],
    ["+PONG", true],
    ["RESET"],
    ["+RESET", true],
    ["GET x"],
    ['+1700000000.123456 [0 127.0.0.1:1234] "PING"', true],
  ],
};

for (const [name, lines] of Object.entries(dialogues)) {
  Deno.test(`resp counts answers: ${name}`, () => {
    assertEquals(answersOf(lines), lines);
    assertEquals(answersOf(lines, { skims: true }), lines, "by skim");
  });
}

Deno.test("resp counts an answer when its last part is complete, and asks once for a command in parts", () => {
  const peer = open(MAX);
  const value = "x".repeat(LARGE);
  const asked: boolean[] = [];
  for (
    const message of receive(resp, bytes(`*2\r\n$4\r\nECHO\r\n$${LARGE}\r\n${value}\r\n`), { peer }).messages
  ) {
    // Only the state after the last message is left to be seen here.
    asked.push("partial" in (message as Command));
  }
  assertEquals(resp.asks({ args: [] }, peer), false);
  assertEquals(asked.filter(Boolean).length, 1);
  const answered: boolean[] = [];
  const reply = bytes(`$${LARGE}\r\n${value}\r\n`);
  const codec = {
    ...resp.reply,
    decode(frame: Uint8Array, connection: RespPeer) {
      const message = resp.reply.decode(frame, connection);
      answered.push(resp.answers!(message as Reply, connection));
      return message;
    },
  };
  receive(codec, reply, { peer });
  assertEquals(answered.lastIndexOf(false), answered.length - 2);
  assertEquals(answered.at(-1), true);
});

Deno.test("resp keeps little of a client that subscribes on and on, when no reply is ever read", () => {
  const peer = open();
  const command = bytes("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n");
  for (let i = 0; i < 5000; i++) resp.decode(command, peer);
  assertEquals(replies(bulks("subscribe", "a", 1).replaceAll(" | ", "\r\n") + "\r\n", peer).length, 1);
  assertEquals(resp.answers!(simple("OK"), peer), true);
});

// What goes to a server in the place of a command that a hook refuses, and whether the client waits for an answer. A line is
// what a client sends, with that, or a reply.

type Refusals = [line: string, instead?: string | null, isAnswered?: boolean][];

const refused: Record<string, Refusals> = {
  "nothing, where the server keeps no state": [["GET a"], ["FLUSHALL", null, true], ["+x"], [
    "FLUSHALL",
    null,
    true,
  ]],
  "a command that it refuses, within a transaction": [
    ["MULTI"],
    ["FLUSHALL", "PROTOHOST.REFUSED", true],
    ["MULTI", "PROTOHOST.REFUSED", true],
    ["DISCARD", "PROTOHOST.REFUSED", true],
    ["+OK"],
    ["-ERR unknown command"],
    ["FLUSHALL", "PROTOHOST.REFUSED", true],
    ["EXEC"],
    ["FLUSHALL", "PROTOHOST.REFUSED", true],
    ["-ERR unknown command"],
    ["-ERR unknown command"],
    ["-ERR unknown command"],
    ["-EXECABORT no"],
    ["-ERR unknown command"],
    ["FLUSHALL", null, true],
  ],
  "DISCARD, where it is the EXEC": [["MULTI"], ["EXEC", "DISCARD", true], ["+OK"], ["+OK"], [
    "FLUSHALL",
    null,
    true,
  ]],
  "nothing any more, once a transaction is discarded or reset": [
    ["MULTI"],
    ["DISCARD"],
    ["+OK"],
    ["+OK"],
    ["FLUSHALL", null, true],
    ["MULTI"],
    ["RESET"],
    ["+OK"],
    ["+RESET"],
    ["FLUSHALL", null, true],
  ],
  "nothing, where it has refused MULTI": [["MULTI"], ["-NOAUTH no"], ["FLUSHALL", null, true]],
  "a command that it refuses, where it has not ended the transaction": [
    ["MULTI"],
    ["MULTI"],
    ["+OK"],
    ["-ERR MULTI calls can not be nested"],
    ["DISCARD"],
    ["-NOPERM no"],
    ["FLUSHALL", "PROTOHOST.REFUSED", true],
    ["+x"],
    ["EXEC"],
    ["MULTI"],
    ["*0"],
    ["FLUSHALL", "PROTOHOST.REFUSED", true],
  ],
  "nothing, and no answer, where it is silent": [
    ["CLIENT REPLY OFF"],
    ["FLUSHALL", null, false],
    ["MULTI"],
    ["FLUSHALL", "PROTOHOST.REFUSED", false],
    ["EXEC", "DISCARD", false],
    ["CLIENT REPLY ON", "PROTOHOST.REFUSED", false],
  ],
  "a command that uses the skip up, and no answer": [
    ["CLIENT REPLY SKIP"],
    ["FLUSHALL", "PROTOHOST.REFUSED", false],
    ["FLUSHALL", null, true],
    ["CLIENT REPLY SKIP", null, true],
    ["FLUSHALL", null, true],
  ],
  "nothing, and no answer, to a replica": [
    ["SYNC", null, true],
    ["FLUSHALL", null, true],
    ["PSYNC ? -1"],
    ["+CONTINUE"],
    ["FLUSHALL", null, false],
    ["MULTI"],
    ["FLUSHALL", null, false],
  ],
};

for (const [name, lines] of Object.entries(refused)) {
  Deno.test(`a command that is refused leaves a server with ${name}`, () => {
    const peer = open();
    for (const [index, [line, instead, isAnswered]] of lines.entries()) {
      if (/^[+\-*]/.test(line)) {
        assertEquals(replies(`${line}\r\n`, peer).length, 1);
        continue;
      }
      const [message] = commands(`${line}\r\n`, peer) as Command[];
      if (instead === undefined) continue;
      const withdrawal = resp.withdrawn!(message, peer);
      const found = withdrawal?.instead as Command | undefined;
      assertEquals(
        [found?.args[0] ?? null, withdrawal?.isAnswered],
        [instead, isAnswered],
        `${index}: ${line}`,
      );
      assertEquals(resp.asks(message, peer), instead !== null && isAnswered, `${index}: ${line} asks`);
    }
  });
}

Deno.test("a command that a hook puts in the place of another is noted as the one that is sent", () => {
  const peer = open();
  const [get] = commands("GET a\r\n", peer) as Command[];
  resp.replaced!(get, { args: ["CLIENT", "REPLY", "SKIP"] }, peer);
  assertEquals(resp.asks(get, peer), false);
  commands("GET b\r\n", peer);
  assertEquals(resp.asks(get, peer), false);
  const [multi] = commands("MULTI\r\n", peer) as Command[];
  resp.replaced!(multi, "SUBSCRIBE a b" as unknown as Command, peer);
  replies("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", peer);
  assertEquals(resp.answers!(simple(""), peer), false);
  replies("*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n", peer);
  assertEquals(resp.answers!(simple(""), peer), true);
  assertEquals(resp.withdrawn!({ args: ["X"] }, peer)?.instead, undefined);
});

Deno.test("a command whose name a server may read as another is ambiguous", () => {
  const reason = (message: Command) =>
    (resp.ambiguous!(message, open(), { isHooked: false, frame: bytes("") }) as { value: string } | undefined)
      ?.value;
  const unknown = (name: string) => `ERR unknown command '${name}', with args beginning with: `;
  const unclear: [name: string | Uint8Array, shown: string][] = [
    ["FLUSHALL\0", "FLUSHALL"],
    ["FLUSHALL\0x", "FLUSHALL"],
    ["\0", ""],
    ["", ""],
    [" PING", " PING"],
    ["PING ", "PING "],
    ["PING\r\n", "PING  "],
    ["\u017fet", "\u017fet"],
    [Uint8Array.of(0xff), "\ufffd"],
    ["a\x7f", "a\x7f"],
    ["x\t".repeat(100), "x\t".repeat(64)],
  ];
  for (const [name, shown] of unclear) assertEquals(reason({ args: [name] }), unknown(shown));
  assertEquals(
    reason({ args: ["\0", "a\0b", "x".repeat(200), "y"] }),
    `${unknown("")}'a' '${"x".repeat(124)}' `,
  );
  for (const name of ["ping", "JSON.SET", "x-y_z", "config|get", "HOST:", "PROTOHOST.REFUSED"]) {
    assertEquals(reason({ args: [name] }), undefined);
  }
  assertEquals(
    reason({ args: ["config", "SET\0x", "a", "b"] }),
    "ERR unknown subcommand 'SET'. Try CONFIG HELP.",
  );
  assertEquals(
    reason({ args: ["debug", bytes("sleep\0")] }),
    "ERR unknown subcommand 'sleep'. Try DEBUG HELP.",
  );
  assertEquals(reason({ args: ["config", "\0".padStart(1000)] })?.slice(0, 24), "ERR unknown subcommand '");
  assertEquals(reason({ args: ["CLIENT", "REPLY", "off\0"] }), "ERR syntax error");
  // Keys and values hold what they like.
  assertEquals(reason({ args: ["SET", "a\0b", "\0"] }), undefined);
  assertEquals(reason({ args: ["SET", Uint8Array.of(0), Uint8Array.of(0)] }), undefined);
  assertEquals(reason({ args: ["CONFIG", "SET", "a", "\0"] }), undefined);
  assertEquals(reason({ args: ["FUNCTION", "RESTORE", "\0"] }), undefined);
  // What is not in the head is not seen.
  const partial = true;
  assertEquals(reason({ args: [], partial, count: 1 }), "ERR unknown command: its name is too long");
  assertEquals(reason({ args: ["CONFIG"], partial, count: 4 }), "ERR unknown subcommand: it is too long");
  assertEquals(reason({ args: ["CLIENT", "REPLY"], partial, count: 3 }), "ERR syntax error");
  assertEquals(reason({ args: ["SET"], partial, count: 3 }), undefined);
  assertEquals(reason({ args: ["CONFIG"] }), undefined);
  assertEquals(
    resp.ambiguous!({ part: "body", bytes: bytes("x"), last: true, complete: true }, open(), {
      isHooked: true,
      frame: bytes("x"),
    }),
    undefined,
  );
});

Deno.test("subcommand tells the second word of commands that have one, in upper case", () => {
  assertEquals(subcommand({ args: ["config", "set", "a"] }), "SET");
  assertEquals(subcommand({ args: ["CONFIG"] }), undefined);
  assertEquals(subcommand({ args: ["SET", "set"] }), undefined);
});

Deno.test("the stream behind SYNC comes in parts, and the replica goes on to send commands", () => {
  for (const skims of [false, true]) {
    const codec = skims ? { ...resp.reply, decode: resp.reply.skim! } : resp.reply;
    const peer = open();
    commands("PING\r\nSYNC\r\n", peer);
    const stream = "\n\n$12\r\nREDIS\0\r\n*1\r\n$4\r\nPING\r\n";
    const { messages, frames } = receive(codec, bytes(`+PONG\r\n${stream}`), { peer, size: 5 });
    assertEquals(
      messages.slice(1).every((message) => (message as { part?: string }).part === "stream"),
      true,
    );
    assertEquals(text(concat(frames)), `+PONG\r\n${stream}`);
    if (!skims) {
      const parts = messages.slice(1).map((message) =>
        resp.reply.encode(message as Reply, peer) as Uint8Array
      );
      assertEquals(text(concat(parts)), stream.slice(2));
    }
    assertEquals(commands("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n5\r\n", peer), [
      { args: ["REPLCONF", "ACK", "5"] },
    ]);
  }
  const peer = open();
  commands("PSYNC ? -1\r\nPING\r\n", peer);
  const psync = bytes("\n+CONTINUE 12\r\n*1\r\n$4\r\nPING\r\n\n");
  const [granted, ...parts] = receive(resp.reply, psync, { peer, size: 3 }).messages as Reply[];
  assertEquals(granted, simple("CONTINUE 12"));
  assertEquals(
    text(concat(parts.map((part) => resp.reply.encode(part, peer) as Uint8Array))),
    text(psync.slice(15)),
  );
});

Deno.test("a client hears of its error what redis would say", () => {
  const words = (failure: Error) => (resp.refusal!(failure, open()) as { value?: string } | undefined)?.value;
  const malformed = assertThrows(() => commands("*x\r\n"), RespError);
  const framed = new Error("Cannot find the end of a frame", { cause: malformed });
  assertEquals(words(new Error("outer", { cause: framed })), "ERR Protocol error: invalid multibulk length");
  const coded = (code: string) => words(Object.assign(new Error("x"), { code }));
  assertEquals(coded("frame_too_large"), "ERR Protocol error: request is too big");
  assertEquals(coded("frame_timeout"), "ERR Protocol error: request is incomplete");
  assertEquals(coded("hook_timeout"), "ERR internal error");
  for (const silent of ["idle_timeout", "connection_reset", "toString"]) {
    assertEquals(coded(silent), undefined);
  }
});

Deno.test("skim finds the same parts in large messages as decode, without their bytes", () => {
  const value = "x".repeat(LARGE);
  const wires = {
    in: bytes(`*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LARGE}\r\n${value}\r\n$2\r\nNX\r\n*1\r\n$4\r\nPING\r\n`),
    out: bytes(`*2\r\n$${LARGE}\r\n${value}\r\n:1\r\n*2\r\n:1\r\n$1\r\na\r\n`),
  };
  for (const direction of ["in", "out"] as const) {
    const codec = (direction === "in" ? resp : resp.reply) as typeof resp.reply;
    const decoded = receive(codec, wires[direction], { peer: open(MAX), size: 1000 });
    const skimmed = receive({ ...codec, decode: codec.skim! }, wires[direction], {
      peer: open(MAX),
      size: 1000,
    });
    const shape = ({ messages }: { messages: unknown[] }) =>
      messages.map((message) => {
        const { part, last, complete, partial, bodyBytes } = message as Record<string, unknown>;
        return { part, last, complete, partial, bodyBytes };
      });
    assertEquals(shape(skimmed), shape(decoded));
    assertEquals(skimmed.frames, decoded.frames);
  }
});
