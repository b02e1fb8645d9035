import { assertEquals, assertThrows } from "@std/assert";
import {
  BadFrameError,
  bytes,
  concat,
  delimiter,
  type Framer,
  FrameTooLargeError,
  lengthPrefix,
  type LengthPrefixOptions,
  line,
  type Protocol,
  text,
} from "@protohost/protohost";
import { checkProtocol } from "@protohost/protohost/testing";

const kept: [name: string, framer: Framer, samples: Uint8Array[]][] = [
  ["line()", line(), texts("", "hello", "a\rb")],
  ["line of \\r\\n", line({ ending: "\r\n", max: 64 }), texts("", "hello", "a\rb")],
  ["delimiter of one byte", delimiter(0), texts("", "hello", "a\nb")],
  ["delimiter of two bytes", delimiter("\r\n"), texts("", "hello", "a\nb\rc", "ends in \r")],
  ["delimiter that begins as it ends", delimiter("-+-"), texts("", "+-", "a-b+c-", "-+ -")],
  ["delimiter that is no UTF-8", delimiter(Uint8Array.of(0xff, 0)), texts("", "hello", "\0")],
  ["lengthPrefix()", lengthPrefix(), texts("", "hello")],
  ["lengthPrefix of 1 byte", lengthPrefix({ bytes: 1 }), [bytes("a"), new Uint8Array(255)]],
  ["lengthPrefix of 2 bytes, little", lengthPrefix({ bytes: 2, endian: "little" }), [new Uint8Array(600)]],
  ["lengthPrefix of 3 bytes", lengthPrefix({ bytes: 3, includesHeader: true }), [new Uint8Array(70_000)]],
  ["lengthPrefix of 8 bytes", lengthPrefix({ bytes: 8, includesHeader: true }), texts("", "hello")],
  ["lengthPrefix behind 3 bytes", lengthPrefix({ bytes: 2, offset: 3 }), texts("", "hello")],
  [
    "lengthPrefix before 6 bytes",
    lengthPrefix({ bytes: 3, adjustment: 6, headerBytes: 9 }),
    texts("", "hello"),
  ],
  [
    "lengthPrefix with a trailer",
    lengthPrefix({ bytes: 2, adjustment: 3, trailerBytes: 3 }),
    texts("", "hello"),
  ],
  ["lengthPrefix that counts twice", lengthPrefix({ bytes: 1, adjustment: -9 }), texts("", "hello")],
];

for (const [name, framer, samples] of kept) {
  Deno.test(`${name} keeps the contract when it is a protocol's input`, () => {
    const protocol: Protocol<Uint8Array> = {
      name,
      input: framer,
      decode: (frame) => framer.unwrap(frame).slice(),
      encode: (message) => framer.wrap(message),
    };
    checkProtocol(protocol, { samples, garbage: 500 });
  });
}

const answers: [name: string, framer: Framer, buffer: number[], from: number, length: number][] = [
  ["line", line(), [97, 10, 98], 0, 2],
  ["line", line(), [97, 98], 0, 0],
  ["line", line(), [], 0, 0],
  ["line of 3 at most", line({ max: 3 }), [97, 98, 10, 99], 0, 3],
  ["line of 3 at most", line({ max: 3 }), [97, 98], 0, 0],
  ["delimiter", delimiter("\r\n"), [97, 13, 10], 2, 3],
  ["delimiter", delimiter("\r\n"), [13], 0, 0],
  ["delimiter of 3 at most", delimiter("\r\n", { max: 3 }), [97, 13, 10, 1], 0, 3],
  ["2 bytes big", lengthPrefix({ bytes: 2 }), [1, 2], 0, 260],
  ["2 bytes little", lengthPrefix({ bytes: 2, endian: "little" }), [1, 2], 0, 515],
  ["2 bytes, itself counted", lengthPrefix({ bytes: 2, includesHeader: true }), [1, 2], 0, 258],
  ["2 bytes behind 1", lengthPrefix({ bytes: 2, offset: 1 }), [9, 1, 2], 0, 261],
  [
    "2 bytes behind 1, all counted",
    lengthPrefix({ bytes: 2, offset: 1, includesHeader: true }),
    [9, 0, 3],
    0,
    3,
  ],
  ["4 bytes above 2^31", lengthPrefix(), [255, 255, 255, 255], 0, 2 ** 32 + 3],
  ["8 bytes", lengthPrefix({ bytes: 8 }), [0, 0, 0, 1, 0, 0, 0, 0], 0, 2 ** 32 + 8],
  ["half a length", lengthPrefix({ bytes: 4 }), [255, 255, 255], 0, 0],
  ["a length before its header's end", lengthPrefix({ bytes: 1, adjustment: 6, headerBytes: 7 }), [5], 0, 12],
];

// Messages as the specifications of their protocols show them: header, payload, trailer.
const messages: [name: string, options: LengthPrefixOptions, parts: [number[], number[], number[]]][] = [
  ["PostgreSQL's Query", { offset: 1, adjustment: -4 }, [[0x51, 0, 0, 0, 6], [0x78, 0], []]],
  ["PostgreSQL's Query", { offset: 1, includesHeader: true, adjustment: 1 }, [
    [0x51, 0, 0, 0, 6],
    [0x78, 0],
    [],
  ]],
  ["PostgreSQL's SSLRequest", { includesHeader: true }, [[0, 0, 0, 8], [0x04, 0xd2, 0x16, 0x2f], []]],
  ["MySQL's COM_PING", { bytes: 3, endian: "little", adjustment: 1, headerBytes: 4 }, [
    [1, 0, 0, 0],
    [0x0e],
    [],
  ]],
  [
    "HTTP/2's PING",
    { bytes: 3, adjustment: 6, headerBytes: 9 },
    [[0, 0, 8, 6, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8], []],
  ],
  ["HTTP/2's SETTINGS", { bytes: 3, adjustment: 6, headerBytes: 9 }, [[0, 0, 0, 4, 0, 0, 0, 0, 0], [], []]],
  ["AMQP's heartbeat", { offset: 3, adjustment: 1, trailerBytes: 1 }, [[8, 0, 0, 0, 0, 0, 0], [], [0xce]]],
  ["AMQP's method", { offset: 3, adjustment: 1, trailerBytes: 1 }, [[1, 0, 0, 0, 0, 0, 4], [0, 10, 0, 51], [
    0xce,
  ]]],
  [
    "memcached's GET",
    { offset: 8, adjustment: 12, headerBytes: 24 },
    [[0x80, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 5, ...Array(12).fill(0)], [0x48, 0x65, 0x6c, 0x6c, 0x6f], []],
  ],
  ["DNS over TCP", { bytes: 2 }, [[0, 12], Array(12).fill(0), []]],
  ["MongoDB's header", { endian: "little", includesHeader: true }, [[16, 0, 0, 0], Array(12).fill(1), []]],
];

for (const [name, options, [header, payload, trailer]] of messages) {
  Deno.test(`lengthPrefix of ${JSON.stringify(options)} cuts ${name}`, () => {
    const framer = lengthPrefix(options);
    const frame = Uint8Array.from([...header, ...payload, ...trailer]);
    const stream = concat([frame, frame]);
    assertEquals(framer(stream), frame.length);
    assertEquals(
      framer(stream.subarray(0, header.length - 1)),
      options.headerBytes === undefined ? 0 : frame.length,
    );
    assertEquals(framer.unwrap(frame), Uint8Array.from(payload));
    const made = framer.wrap(Uint8Array.from(payload));
    assertEquals(framer.unwrap(made), Uint8Array.from(payload));
    const { offset = 0, bytes: size = 4 } = options;
    assertEquals(made.length, frame.length);
    assertEquals(made.subarray(offset, offset + size), frame.subarray(offset, offset + size));
  });
}

for (const [name, framer, buffer, from, length] of answers) {
  Deno.test(`a framer of ${name} answers ${length} when it gets ${buffer.join(" ")}`, () => {
    assertEquals(framer(Uint8Array.from(buffer), undefined, from), length);
  });
}

const refused: [name: string, framer: Framer, buffer: number[], message: string][] = [
  ["line", line({ max: 3 }), [97, 97, 97, 10], "its length is 4 bytes, wanted at most 3"],
  ["line without end", line({ max: 3 }), [97, 97, 97], "its length is more than 3 bytes, wanted at most 3"],
  ["delimiter", delimiter("\r\n", { max: 3 }), [97, 97, 13, 10], "its length is 4 bytes, wanted at most 3"],
  ["delimiter without end", delimiter("\r\n", { max: 3 }), [97, 97, 97], "more than 3 bytes"],
  ["length", lengthPrefix({ bytes: 1, max: 10 }), [10], "its length is 11 bytes, wanted at most 10"],
  ["length beyond 2^53", lengthPrefix({ bytes: 8 }), [1, 0, 0, 0, 0, 0, 0, 0], "wanted at most"],
];

for (const [name, framer, buffer, message] of refused) {
  Deno.test(`a framer throws frame_too_large when a ${name} exceeds its max`, () => {
    const error = assertThrows(() => framer(Uint8Array.from(buffer)), FrameTooLargeError, message);
    assertEquals(error.code, "frame_too_large");
    assertEquals(error instanceof RangeError, true);
  });
}

Deno.test("lengthPrefix throws bad_frame when a length that counts its header is shorter than it", () => {
  const error = assertThrows(
    () => lengthPrefix({ includesHeader: true })(Uint8Array.of(0, 0, 0, 3)),
    BadFrameError,
    "its length is 3 bytes, wanted at least the 4 of its header",
  );
  assertEquals(error.code, "bad_frame");
  assertThrows(
    () => lengthPrefix({ bytes: 1, trailerBytes: 2 })(Uint8Array.of(1)),
    BadFrameError,
    "its length is 2 bytes, wanted at least the 3 of its header and trailer",
  );
  assertThrows(
    () => lengthPrefix({ offset: 1, adjustment: -4 })(Uint8Array.of(81, 0, 0, 0, 3)),
    BadFrameError,
  );
});

Deno.test("wrap throws bad_frame when the payload would not come back", () => {
  const cases: [Framer, string][] = [
    [line(), "a\nb"],
    [line(), "a\nb\n"],
    [line(), "a\n\n"],
    [line({ ending: "\r\n" }), "a\r\n\n"],
    [delimiter("\r\n"), "a\r\nb"],
    [delimiter("aa"), "a"],
    [delimiter("-+-"), "-+"],
    [delimiter(0), "\0"],
    [lengthPrefix({ bytes: 1 }), "x".repeat(256)],
    [lengthPrefix({ bytes: 1, adjustment: 2 }), "x"],
  ];
  for (const [framer, payload] of cases) {
    assertThrows(
      () => framer.wrap(payload),
      BadFrameError,
      "Cannot wrap the payload in a frame",
      JSON.stringify(payload),
    );
    assertThrows(() => framer.wrap(bytes(payload)), BadFrameError, "Cannot wrap the payload in a frame");
  }
});

Deno.test("wrap answers a string when lines or delimited frames are given one", () => {
  assertEquals(line().wrap("a"), "a\n");
  assertEquals(line({ ending: "\r\n" }).wrap("é"), "é\r\n");
  assertEquals(delimiter(";").wrap("a"), "a;");
  assertEquals(delimiter(Uint8Array.of(255)).wrap("é"), Uint8Array.of(0xc3, 0xa9, 255));
});

Deno.test("a line that has an end gets no second one, and a carriage return in it is kept", () => {
  const cases: [payload: string, ending: "\n" | "\r\n", wire: string][] = [
    ["HELO\n", "\n", "HELO\n"],
    ["HELO\r\n", "\n", "HELO\n"],
    ["HELO\n", "\r\n", "HELO\r\n"],
    ["HELO\r\n", "\r\n", "HELO\r\n"],
    ["\n", "\n", "\n"],
    ["\r\n", "\r\n", "\r\n"],
    ["a\r", "\n", "a\r\r\n"],
    ["a\r", "\r\n", "a\r\r\n"],
    ["a\r\r\n", "\n", "a\r\r\n"],
    ["\r", "\n", "\r\r\n"],
  ];
  for (const [payload, ending, wire] of cases) {
    const lines = line({ ending });
    assertEquals(lines.wrap(payload), wire, JSON.stringify([payload, ending]));
    assertEquals(lines.wrap(bytes(payload)), bytes(wire), JSON.stringify([payload, ending]));
    assertEquals(lines(bytes(wire)), wire.length);
  }
});

Deno.test("wrap writes the length where and how the options say", () => {
  assertEquals(lengthPrefix().wrap("hi"), Uint8Array.of(0, 0, 0, 2, 104, 105));
  assertEquals(
    lengthPrefix({ bytes: 2, endian: "little", includesHeader: true, offset: 1 }).wrap("hi"),
    Uint8Array.of(0, 5, 0, 104, 105),
  );
});

Deno.test("unwrap of a line takes off one line end when there are several", () => {
  for (
    const [frame, payload] of [["a\r\n", "a"], ["a\n", "a"], ["a\r\r\n", "a\r"], ["\n", ""], ["a", "a"], [
      "",
      "",
    ]]
  ) {
    assertEquals(text(line().unwrap(bytes(frame))), payload);
  }
});

Deno.test("a framer is refused when its options make no sense", () => {
  assertThrows(() => delimiter(""), RangeError, "the delimiter is empty");
  assertThrows(() => line({ max: 0 }), RangeError, "max is 0, wanted at least 1");
  assertThrows(() => lengthPrefix({ max: NaN }), RangeError, "max is NaN");
  assertThrows(
    () => lengthPrefix({ trailerBytes: 2, max: 5 }),
    RangeError,
    "max is 5, wanted at least 6",
  );
  assertThrows(
    () => lengthPrefix({ offset: 2, headerBytes: 5 }),
    RangeError,
    "headerBytes is 5, wanted at least 6, where the length ends",
  );
});

Deno.test("delimiter keeps its own bytes when the caller changes the array later", () => {
  const wanted = Uint8Array.of(1, 2);
  const framer = delimiter(wanted);
  wanted.fill(9);
  assertEquals(framer(Uint8Array.of(0, 1, 2)), 3);
});

function texts(...strings: string[]): Uint8Array[] {
  return strings.map(bytes);
}

Deno.test("a framer names what it found and what there is when its options are none of its own", () => {
  // As a program in JavaScript may write them.
  const [lines, delimited, prefixed] = [line, delimiter, lengthPrefix] as ((...args: unknown[]) => Framer)[];
  const cases: [make: () => Framer, message: string][] = [
    [
      () => prefixed(2),
      "found 2, wanted an object of the options bytes, endian, includesHeader, offset, adjustment, headerBytes, trailerBytes, max, as in lengthPrefix({ bytes: ... })",
    ],
    [
      () => prefixed({ size: 2 }),
      "found the option size, wanted bytes, endian, includesHeader, offset, adjustment, headerBytes, trailerBytes, max",
    ],
    [() => prefixed({ byte: 2 }), `(did you mean "bytes"?)`],
    [() => prefixed({ bytes: 5 }), "found 5 as bytes, wanted one of 1, 2, 3, 4, 8"],
    [() => prefixed({ bytes: "2" }), `found "2" as bytes`],
    [() => prefixed({ endian: "LE" }), `found "LE" as endian, wanted one of "big", "little"`],
    [() => prefixed({ includesHeader: 1 }), "found 1 as includesHeader, wanted true or false"],
    [() => prefixed({ adjustment: 1.5 }), "found 1.5 as adjustment, wanted a whole number of bytes"],
    [
      () => prefixed({ headerBytes: "9" }),
      `found "9" as headerBytes, wanted a whole number of bytes, at least 0`,
    ],
    [() => prefixed({ offset: -1 }), "found -1 as offset, wanted a whole number of bytes, at least 0"],
    [() => lines({ maxBytes: 9 }), "found the option maxBytes, wanted max, ending"],
    [() => lines({ max: "1KiB" }), `found "1KiB" as max, wanted a number of bytes`],
    [() => lines("\r\n"), "wanted an object of the options max, ending"],
    [() => lines({ ending: "\r" }), `wanted one of "\\n", "\\r\\n"`],
    [() => lines(null), "found null"],
    [() => delimited({ delimiter: ";" }), "found an object with the keys delimiter, wanted a string, bytes"],
    [() => delimited(256), "found 256, wanted a string, bytes, or one byte from 0 to 255"],
    [() => delimited(";", 10), "found 10, wanted an object of the options max"],
  ];
  for (const [make, message] of cases) assertThrows(make, TypeError, message);
  assertEquals(lengthPrefix({ max: undefined, bytes: 1 })(Uint8Array.of(0)), 1);
});
