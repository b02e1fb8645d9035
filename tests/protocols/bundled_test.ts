import { assertEquals } from "@std/assert";
import { bytes, type Codec, concat, DEFAULT_LIMITS, type Protocol } from "@protohost/protohost";
import { checkProtocol } from "@protohost/protohost/testing";
import * as echo from "../../protocols/echo.ts";
import * as frame from "../../protocols/frame.ts";
import * as jsonnl from "../../protocols/jsonnl.ts";
import * as raw from "../../protocols/raw.ts";
import { Random } from "../../lib/testing/random.ts";
import { createPeer, Receiver } from "../../lib/testing/receiver.ts";
import { bundledProtocols } from "../../lib/modules/bundled.ts";
import * as text from "../../protocols/text.ts";

// Each module is what `protohost test FILE` gets: the protocol as default, and its samples beside it.

Deno.test("echo keeps the contract", () => {
  checkProtocol(echo.default, echo);
});

Deno.test("frame keeps the contract", () => {
  checkProtocol(frame.default, frame);
});

Deno.test("jsonnl keeps the contract", () => {
  checkProtocol(jsonnl.default, { ...jsonnl, notations: [['{"type":"ping"}', { type: "ping" }], ["3", 3]] });
});

Deno.test("raw keeps the contract", () => {
  checkProtocol(raw.default, raw);
});

Deno.test("text keeps the contract", () => {
  checkProtocol(text.default, { ...text, notations: [["QUIT", "QUIT"]] });
});

// What a protocol decodes, whatever came, it encodes again to bytes that mean the same.

/** What streams are made of: pieces of each format, whole and broken. */
const PIECES = [
  ..."\r\n|\r|\n|\r\r\n|a|\t| |é|\0|-1|0|12|\\|'".split("|"),
  ...'"|{"a":1}\n|[1,null]\n|"x"\r\n|-0\n|1e9\n'.split("|"),
  ..."+|-|:|$|*|_|#|,|(|!|=|%|~|>|$-1\r\n|*-1\r\n|$1\r\na\r\n|=5\r\ntxt:a\r\n|*1\r\n|%1\r\n".split("|"),
  ..."|1\r\n;#t\r\n;,1.5\r\n;*2\r\n$4\r\nECHO\r\n$1\r\na\r\n".split(";"),
  ..."HELO a\r\n|MAIL FROM:<a@b>\r\n|250-a\r\n|250 b\r\n|QUIT\r\n".split("|"),
].map((piece) => bytes(piece));

function roundTrip(protocol: Protocol<unknown>, codec: Codec<unknown>, stream: Uint8Array): void {
  const side = codec === protocol ? "server" : "client";
  const first = new Receiver(codec, createPeer(protocol, side, DEFAULT_LIMITS));
  first.push(stream);
  const again = new Receiver(codec, createPeer(protocol, side, DEFAULT_LIMITS));
  for (const message of first.messages) {
    const made = codec.encode(message, again.peer);
    again.push(typeof made === "string" ? bytes(made) : made);
  }
  assertEquals(again.messages, first.messages, JSON.stringify(new TextDecoder().decode(stream)));
}

for (const [name, load] of Object.entries(bundledProtocols)) {
  // Mail's messages depend on what was said before, which is tried with servers.
  if (name === "smtp") continue;
  Deno.test(`${name} encodes whatever it has decoded`, async () => {
    const { default: protocol } = await load() as { default: Protocol<unknown> };
    const random = new Random(1);
    for (let round = 0; round < 3000; round++) {
      const stream = concat(
        Array.from(
          { length: 1 + random.below(8) },
          () => random.below(8) === 0 ? random.bytes(random.below(6)) : random.pick(PIECES),
        ),
      );
      for (const codec of new Set([protocol, protocol.reply ?? protocol])) {
        roundTrip(protocol, codec as Codec<unknown>, stream);
      }
    }
  });
}
