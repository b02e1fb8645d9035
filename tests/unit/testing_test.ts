import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { bytes, concat, indexOf, type Protocol, skip, text } from "@protohost/protohost";
import { checkProtocol, inspectProtocol, ProtocolCheckError } from "@protohost/protohost/testing";
import { badProtocols, good, straddling } from "../fixtures/bad_protocols.ts";

for (const [name, { protocol, options, fails, says }] of Object.entries(badProtocols)) {
  Deno.test(`inspectProtocol fails "${fails}" and nothing else when given ${name}`, () => {
    const report = inspectProtocol(protocol, options);
    const failed = report.checks.filter((check) => !check.passed);
    assertEquals(failed.map((check) => check.name), [fails], failed.map((check) => check.detail).join("\n"));
    assertMatch(failed[0].detail ?? "", says);
    assertEquals(report.passed, false);
  });
}

Deno.test("inspectProtocol passes every check when a protocol is good", () => {
  const report = inspectProtocol(straddling, { samples: ["hello", "", "\r", "naïve"] });
  assertEquals(report.checks.filter((check) => !check.passed), []);
  assertEquals(report.notRun, []);
  assertEquals(report.passed, true);
});

Deno.test("the bad protocols between them fail every check when all are inspected", () => {
  const all = inspectProtocol({ ...good, command: (m) => m, parse: (m) => m }, { samples: ["a"] });
  const found = new Set(Object.values(badProtocols).map(({ fails }) => fails.replace("reply: ", "")));
  assertEquals(all.checks.map(({ name }) => name).filter((name) => !found.has(name)), []);
});

Deno.test("inspectProtocol checks both directions when there are samples of both", () => {
  const report = inspectProtocol(
    { ...good, reply: { ...straddling } } as Protocol<string>,
    { samples: ["a"], replySamples: ["b", "c"] },
  );
  assertEquals(report.passed, true);
  const names = report.checks.map(({ name }) => name);
  assert(names.includes("split in two") && names.includes("reply: split in two"), names.join());
});

Deno.test("inspectProtocol leaves out what follows from a failure when a check fails", () => {
  const { protocol, options } = badProtocols.missesDelimiterThatStraddles;
  const report = inspectProtocol(protocol, options);
  assertEquals(report.notRun, [
    "split in two",
    "byte by byte",
    "random splits",
    "two connections",
    "over the limit",
    "cost of input",
  ]);
});

Deno.test("inspectProtocol repeats its random choices when it is given the seed", () => {
  const { protocol, options } = badProtocols.wantsEvenPieces;
  const [first, second] = [1, 2].map(() => inspectProtocol(protocol, { ...options, seed: 42 }));
  assertEquals(first.seed, 42);
  assertEquals(first.checks, second.checks);
  assertStringIncludes(JSON.stringify(first.checks), "seed 42");
});

Deno.test("inspectProtocol passes a codec whose frames are skipped when every message still arrives", () => {
  const withComments: Protocol<string> = {
    ...good,
    decode: (frame, peer) => frame[0] === 0x23 ? skip : good.decode(frame, peer),
    encode: (message) => `# comment\n${message}\n`,
  };
  assertEquals(inspectProtocol(withComments, { samples: ["a", "b"] }).passed, true);
});

type Part = { head: number } | { bytes: Uint8Array; last: boolean };

/** A length on a line, then a body whose parts are as long as the network makes them. */
const streamed: Protocol<Part, Part, { left: number }> = {
  name: "streamed",
  session: () => ({ left: 0 }),
  input(buffer, { session, limits }, from) {
    if (session.left > 0) return Math.min(session.left, buffer.length, limits.maxFrameBytes);
    return indexOf(buffer, "\n", from) + 1;
  },
  decode(frame, { session }) {
    if (session.left === 0) return { head: session.left = Number(text(frame)) };
    session.left -= frame.length;
    return { bytes: frame.slice(), last: session.left === 0 };
  },
  encode: (message) => "head" in message ? `${message.head}\n` : message.bytes,
};
const body: Part[] = [{ head: 11 }, { bytes: bytes("hello "), last: false }, {
  bytes: bytes("world"),
  last: true,
}, {
  head: 0,
}];

function joinParts(parts: Part[]): unknown {
  const messages: { head: number; body: Uint8Array; isComplete: boolean }[] = [];
  for (const part of parts) {
    const open = messages.at(-1);
    if ("head" in part) {
      messages.push({ head: part.head, body: new Uint8Array(0), isComplete: part.head === 0 });
    } else if (open) [open.body, open.isComplete] = [concat([open.body, part.bytes]), part.last];
  }
  return messages;
}

Deno.test("inspectProtocol passes a streamed body when join puts its parts together", () => {
  const report = inspectProtocol(streamed, { samples: body, join: joinParts });
  assertEquals(report.checks.filter((check) => !check.passed), []);
});

Deno.test("inspectProtocol fails a streamed body when its last part is not marked", () => {
  const forgetful: typeof streamed = {
    ...streamed,
    decode(frame, peer) {
      const part = streamed.decode(frame, peer) as Part;
      return "bytes" in part ? { ...part, last: frame.length > 10 } : part;
    },
  };
  const report = inspectProtocol(forgetful, { samples: body, join: joinParts });
  assertEquals(report.checks.find((check) => !check.passed)?.name, "round trip");
});

Deno.test("checkProtocol lists all failures when it throws", () => {
  const error = assertThrows(
    () =>
      checkProtocol({ ...good, command: () => 1 as unknown as string, decode: () => "x" }, {
        samples: ["a"],
      }),
    ProtocolCheckError,
  );
  assertEquals(error.code, "protocol_check_failed");
  assertStringIncludes(error.message, `Protocol "good" fails 2 checks:`);
  assertStringIncludes(error.message, "\n  round trip: sample 1 ('a'): came back as 'x'");
  assertStringIncludes(error.message, "\n  command: sample 1 ('a') is named 1, wanted a string");
  assertEquals(error.report.passed, false);
});

Deno.test("checkProtocol throws a TypeError when there are no samples", () => {
  assertThrows(() => checkProtocol(good, { samples: [] }), TypeError, "no samples");
});

Deno.test("inspectProtocol reports the shape when what it is given is no protocol", () => {
  const report = inspectProtocol(undefined as unknown as typeof good, { samples: ["a"] });
  assertEquals(report.checks, [{
    name: "shape",
    passed: false,
    detail: "a protocol is an object, not undefined",
  }]);
});
