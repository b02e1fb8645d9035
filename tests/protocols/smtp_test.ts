import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { bytes, concat, DEFAULT_LIMITS, type Peer, skip, text } from "@protohost/protohost";
import { checkProtocol } from "@protohost/protohost/testing";
import smtp, {
  type ContentPart,
  join,
  type Reply,
  reply,
  replySamples,
  type Said,
  samples,
  SmtpError,
  SmtpSession,
} from "../../protocols/smtp/mod.ts";

/** A session that has come to the content of a message. */
function inContent(): SmtpSession {
  const session = new SmtpSession();
  for (const code of [220]) session.replyDecoded(code);
  session.commandDecoded("DATA");
  session.replyDecoded(354);
  return session;
}

/** What a server that decodes both directions sees; frames are kept to see that they tile the streams. */
class Both {
  readonly #skims: boolean;

  constructor({ skims = false } = {}) {
    this.#skims = skims;
  }

  readonly session = smtp.session!();
  readonly frames: Record<"in" | "out", string> = { in: "", out: "" };
  readonly peer = { session: this.session, limits: DEFAULT_LIMITS, side: "server" } as Peer<SmtpSession>;

  in(wire: string): Said[] {
    return this.#take("in", wire) as Said[];
  }

  out(wire: string): Reply[] {
    return this.#take("out", wire) as Reply[];
  }

  #take(direction: "in" | "out", wire: string): unknown[] {
    const codec = direction === "in" ? smtp : smtp.reply;
    const messages: unknown[] = [];
    let rest = bytes(wire);
    while (rest.length > 0) {
      const length = codec.input(rest, this.peer, 0);
      assert(
        length > 0 && length <= rest.length,
        `input answered ${length} for ${JSON.stringify(text(rest))}`,
      );
      const frame = rest.subarray(0, length);
      this.frames[direction] += text(frame);
      const message = this.#skims ? codec.skim!(frame, this.peer) : codec.decode(frame, this.peer);
      if (message !== skip) messages.push(message);
      rest = rest.subarray(length);
    }
    return messages;
  }
}

function names(messages: Said[], { peer }: Both): string[] {
  return messages.map((message) => smtp.command!(message, peer));
}

function textOfPart(part: ContentPart): string {
  return text(part.bytes) + ("firstLine" in part ? text(part.firstLine!) : "");
}

function textOf(messages: Said[]): string {
  return messages.map((message) => "part" in message ? textOfPart(message) : "").join("");
}

Deno.test("smtp keeps the contract in both directions", () => {
  checkProtocol(smtp, {
    samples,
    replySamples,
    join,
    notations: [
      ["mail FROM:<a@b> size=5", {
        verb: "MAIL",
        args: "FROM:<a@b> size=5",
        address: "a@b",
        params: { SIZE: "5" },
      }],
      ["X-Tag: yes\n\n", { part: "body", bytes: bytes("X-Tag: yes\r\n\r\n"), last: false }],
    ],
  });
});

Deno.test("smtp keeps the contract command by command", () => {
  checkProtocol(smtp, {
    samples: samples.filter((message) => "verb" in message && message.verb !== "BDAT"),
    replySamples,
  });
});

Deno.test("smtp keeps the contract within a message's content", () => {
  const content: ContentPart[] = [
    { part: "header", bytes: bytes("Subject: dots\r\n folded\r\n.dot: in a field\r\n"), last: false },
    { part: "eoh", bytes: bytes("\r\n"), last: false },
    { part: "body", bytes: bytes(`.\r\n..\r\n.a\r\n\r\nnaïve\r\n${"x".repeat(3000)}\r\n`), last: true },
  ];
  checkProtocol({ ...smtp, session: inContent }, { samples: content, replySamples, join });
});

for (
  const [what, content] of [
    ["without a header", [
      { part: "eoh", bytes: bytes(""), firstLine: bytes(".no field\r\n"), last: false },
      { part: "body", bytes: bytes("A: b\r\n\r\n.\r\n"), last: true },
    ]],
    ["of a header alone", [
      { part: "header", bytes: bytes("A: b\r\n"), last: false },
      { part: "eoh", bytes: bytes(""), last: true },
    ]],
    ["of nothing", [{ part: "eoh", bytes: bytes(""), last: true }]],
  ] as [string, ContentPart[]][]
) {
  Deno.test(`smtp keeps the contract within content ${what}`, () => {
    checkProtocol({ ...smtp, session: inContent }, { samples: content, replySamples, join });
  });
}

for (
  const [wire, wanted, tagged] of [
    ["\r\nx\r\n.\r\n", "EOH BODY", "T: t\r\n\r\nx\r\n.\r\n"],
    ["\r\n.\r\n", "EOH BODY", "T: t\r\n\r\n.\r\n"],
    ["x\r\ny\r\n.\r\n", "EOH BODY", "T: t\r\n\r\nx\r\ny\r\n.\r\n"],
    ["..\r\n.\r\n", "EOH BODY", "T: t\r\n\r\n..\r\n.\r\n"],
    [" A: b\r\n.\r\n", "EOH BODY", "T: t\r\n\r\n A: b\r\n.\r\n"],
    ["A b: c\r\n.\r\n", "EOH BODY", "T: t\r\n\r\nA b: c\r\n.\r\n"],
    [": c\r\n.\r\n", "EOH BODY", "T: t\r\n\r\n: c\r\n.\r\n"],
    ["naïve: c\r\n.\r\n", "EOH BODY", "T: t\r\n\r\nnaïve: c\r\n.\r\n"],
    [".\r\n", "EOH", "T: t\r\n\r\n.\r\n"],
    ["A: b\r\n.\r\n", "HEADER EOH", "A: b\r\nT: t\r\n\r\n.\r\n"],
    ["A : b\r\n c\r\n\td\r\n\r\n\r\nE\r\n.\r\n", "HEADER EOH BODY", undefined],
    ["A: b\r\nx\r\n\r\nC: d\r\n.\r\n", "HEADER EOH BODY", "A: b\r\nT: t\r\n\r\nx\r\n\r\nC: d\r\n.\r\n"],
  ] as const
) {
  Deno.test(`content ${JSON.stringify(wire)} has one end of its header, which can be replaced`, () => {
    for (const put of [smtp.parse!("T: t\n\n"), smtp.parse!("T: t\n"), { bytes: bytes("T: t\r\n\r\n") }]) {
      for (let cut = 0; cut <= wire.length; cut++) {
        const peer = { session: inContent(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
        const all = bytes(wire);
        const seen: string[] = [];
        let [begin, from, sent] = [0, 0, ""];
        for (const end of [Math.min(cut, all.length), all.length]) {
          while (begin < end) {
            const length = smtp.input(all.subarray(begin, end), peer, from);
            from = length === 0 ? end - begin : 0;
            if (length === 0) break;
            const frame = all.subarray(begin, begin += length);
            const message = smtp.decode(frame, peer) as ContentPart;
            if (seen.at(-1) !== smtp.command!(message, peer)) seen.push(smtp.command!(message, peer));
            sent += message.part === "eoh"
              ? text(smtp.encode({ ...message, ...put } as Said, peer) as Uint8Array)
              : text(frame);
          }
        }
        assertEquals(seen.join(" "), wanted, `cut at ${cut}`);
        assertEquals(sent, tagged ?? wire.replace("\r\n\r\n", "\r\nT: t\r\n\r\n"), `cut at ${cut}`);
      }
    }
  });
}

Deno.test("what replaces the last part of content ends it, though its notation cannot say so", () => {
  const peer = { session: inContent(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
  smtp.decode(bytes("A: b\r\n"), peer);
  smtp.decode(bytes("\r\n"), peer);
  smtp.decode(bytes("x\r\n.\r\n"), peer);
  assertEquals(text(smtp.encode(smtp.parse!("y\n"), peer) as Uint8Array), "y\r\n.\r\n");
});

Deno.test("smtp keeps the contract where credentials come", () => {
  const session = () => {
    const session = new SmtpSession();
    session.replyDecoded(220);
    session.commandDecoded("AUTH");
    session.replyDecoded(334);
    return session;
  };
  checkProtocol({ ...smtp, session, parse: undefined }, {
    samples: [{ response: "dXNlcg==" }],
    replySamples,
  });
});

Deno.test("a transaction is read as commands, content and replies, and its frames are the bytes that came", () => {
  const both = new Both();
  const wire = { in: "", out: "" };
  const said: Said[] = [];
  const answered: Reply[] = [];
  for (
    const [direction, line] of [
      ["out", "220 mail.example ESMTP\r\n"],
      ["in", "ehlo me\r\n"],
      ["out", "250-mail.example\r\n250 PIPELINING\r\n"],
      ["in", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"],
      ["out", "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 who\r\n354 go\r\n"],
      ["in", "A: b\r\n\r\n..x\r\nDATA\r\n.\r\nRSET\r\n"],
      ["out", "250 2.0.0 queued\r\n250 ok\r\n"],
    ] as const
  ) {
    wire[direction] += line;
    if (direction === "in") said.push(...both.in(line));
    else answered.push(...both.out(line));
  }
  assertEquals(both.frames, wire);
  assertEquals(names(said, both), [
    ..."EHLO MAIL RCPT RCPT DATA HEADER EOH BODY RSET".split(" "),
  ]);
  assertEquals(textOf(said), "A: b\r\n\r\n.x\r\nDATA\r\n");
  assertEquals(answered.map(({ code }) => code), [220, 250, 250, 250, 550, 354, 250, 250]);
  assertEquals(answered[1].lines, ["mail.example", "PIPELINING"]);
});

Deno.test("a reply completes the oldest request, but for the greeting and a 354", () => {
  const both = new Both();
  const completes = (wire: string) => both.out(wire).map((reply) => smtp.answers!(reply, both.peer)).at(-1);
  assertEquals(completes("220 hello\r\n"), false);
  both.in("EHLO me\r\nMAIL FROM:<>\r\nDATA\r\n");
  assertEquals([completes("250 ok\r\n"), completes("250 ok\r\n"), completes("354 go\r\n")], [
    true,
    true,
    false,
  ]);
  both.in("x\r\n.\r\n");
  assertEquals(completes("250 ok\r\n"), true);
  assertEquals(completes("421 going\r\n"), false);
});

Deno.test("AUTH takes lines as credentials as long as the server asks for them", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  assertEquals(both.in("auth login\r\n"), [{ verb: "AUTH", args: "login", mechanism: "LOGIN" }]);
  both.out("334 VXNlcm5hbWU6\r\n");
  assertEquals(both.in("DATA\r\n"), [{ response: "DATA" }]);
  both.out("334 UGFzc3dvcmQ6\r\n");
  const password = both.in("c2VjcmV0\r\n");
  assertEquals(names(password, both), ["RESPONSE"]);
  both.out("235 2.7.0 welcome\r\n");
  assertEquals(names(both.in("MAIL FROM:<>\r\n"), both), ["MAIL"]);
});

Deno.test("a chunk is so many bytes, whatever they are", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  const said = both.in("BDAT 9\r\nQUIT\r\n\n.\rBDAT 3 LAST\r\n\n.\nBDAT 0 LAST\r\nQUIT\r\n");
  assertEquals(names(said, both), ["BDAT", "CHUNK", "BDAT", "CHUNK", "BDAT", "QUIT"]);
  assertEquals(textOf(said), "QUIT\r\n\n.\r\n.\n");
});

Deno.test("a chunk arrives in parts of at most maxFrameBytes", () => {
  const session = new SmtpSession();
  const peer = { session, limits: { ...DEFAULT_LIMITS, maxFrameBytes: 64 } } as Peer<SmtpSession>;
  session.chunkBegins(100);
  assertEquals(smtp.input(new Uint8Array(500), peer, 0), 64);
  assertEquals(smtp.decode(new Uint8Array(64), peer), {
    part: "chunk",
    bytes: new Uint8Array(64),
    last: false,
  });
  assertEquals(smtp.input(new Uint8Array(500), peer, 0), 36);
});

Deno.test("content is cut before a line that would not fit in maxFrameBytes with those before it", () => {
  const session = inContent();
  const peer = { session, limits: { ...DEFAULT_LIMITS, maxFrameBytes: 20 } } as Peer<SmtpSession>;
  assertEquals(smtp.input(bytes("A: b\r\nC: d\r\nEEEEEEEEEE: f\r\n"), peer, 0), 12);
});

Deno.test("a line of content longer than maxFrameBytes is announced as such", () => {
  const session = inContent();
  const peer = { session, limits: { ...DEFAULT_LIMITS, maxFrameBytes: 20 } } as Peer<SmtpSession>;
  assertEquals(smtp.input(bytes("x".repeat(30) + "\r\n"), peer, 0), 32);
});

for (
  const [what, wire, code] of [
    ["LF . LF (CVE-2023-51764)", "x\n.\nMAIL FROM:<evil@x>\r\n", "bare_lf"],
    ["LF . CR LF (CVE-2023-51764)", "x\n.\r\nMAIL FROM:<evil@x>\r\n", "bare_lf"],
    ["CR LF . LF (CVE-2023-51765)", "x\r\n.\nMAIL FROM:<evil@x>\r\n", "bare_lf"],
    ["LF . CR CR LF", "x\n.\r\r\n", "bare_lf"],
    ["CR . CR (CVE-2023-51766)", "x\r.\rMAIL FROM:<evil@x>\r\n", "bare_cr"],
    ["CR LF . CR (CVE-2023-51766)", "x\r\n.\rMAIL FROM:<evil@x>\r\n", "bare_cr"],
    ["CR . LF", "x\r.\nMAIL\r\n", "bare_cr"],
    ["CR LF . CR CR LF", "x\r\n.\r\r\n", "bare_cr"],
    ["CR LF LF . CR LF", "x\r\n\n.\r\n", "bare_lf"],
    ["LF at once", "\n.\r\n", "bare_lf"],
    ["CR CR LF", "x\r\r\n.\r\n", "bare_cr"],
    ["NUL dot", "x\n\0.\r\n", "bare_lf"],
  ] as const
) {
  Deno.test(`content that tries to end with ${what} is refused, wherever the network cuts it`, () => {
    const all = bytes(wire);
    for (let cut = 0; cut <= all.length; cut++) {
      const session = inContent();
      const peer = { session, limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
      const error = assertThrows(() => {
        let [begin, from] = [0, 0];
        for (const end of [cut, all.length]) {
          while (begin < end) {
            const length = smtp.input(all.subarray(begin, end), peer, from);
            from = length === 0 ? end - begin : 0;
            if (length === 0) break;
            const message = smtp.decode(all.subarray(begin, begin + length), peer);
            assert(message !== skip && "part" in message && !message.last, "the content ended");
            begin += length;
          }
        }
      }, SmtpError);
      assertEquals(error.code, code, `cut at ${cut}`);
    }
  });
}

Deno.test("content is taken if and only if every CR has its LF and every LF its CR, however it is cut", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 0x80000000 * below);
  };
  const pieces = ["\r", "\n", "\r\n", "\r\n", "\r\n", ".", ".", "x", ".."];
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    let wire = "";
    for (let count = random(8); count >= 0; count--) wire += pieces[random(pieces.length)];
    const end = /(?:^|\r\n)\.\r\n/.exec(wire + "\r\n.\r\n");
    const whole = (wire + "\r\n.\r\n").slice(0, end!.index + end![0].length);
    const isRight = !/(?<!\r)\n|\r(?!\n)/.test(whole);
    const wanted = whole.slice(0, -3).replace(/(^|\r\n)\./g, "$1");
    let got: string | undefined = "";
    try {
      got = readInPieces(bytes(whole), random);
    } catch (error) {
      assert(error instanceof SmtpError, String(error));
      got = undefined;
    }
    assertEquals(got, isRight ? wanted : undefined, `${JSON.stringify(whole)}, seed ${seed}, round ${round}`);
    if (isRight) taken++;
  }
  assert(taken > 1000 && taken < 19_000, `${taken} were taken`);
});

/** Reads content that comes in pieces of any sizes; answers it when it has ended. */
function readInPieces(wire: Uint8Array, random: (below: number) => number): string | undefined {
  const peer = { session: inContent(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
  let content = "";
  let [begin, end, from] = [0, 0, 0];
  while (begin < wire.length) {
    const length = end > begin ? smtp.input(wire.slice(begin, end), peer, from) : 0;
    if (length === 0) {
      from = end - begin;
      if (end === wire.length) return undefined;
      end = Math.min(wire.length, end + 1 + random(4));
      continue;
    }
    const part = smtp.decode(wire.slice(begin, begin + length), peer) as ContentPart;
    content += textOfPart(part);
    begin += length;
    from = 0;
    if (part.last) return begin === wire.length ? content : undefined;
  }
  return undefined;
}

for (
  const [what, wire, code] of [
    ["a bare LF", "NOOP\n", "bare_lf"],
    ["a bare LF alone", "\n", "bare_lf"],
    ["a bare CR", "NOOP\rQUIT\r\n", "bare_cr"],
    ["a BDAT without a size", "BDAT\r\n", "bad_syntax"],
    ["a BDAT of a negative size", "BDAT -1 LAST\r\n", "bad_syntax"],
    ["a BDAT with more behind", "BDAT 1 LAST MORE\r\n", "bad_syntax"],
    ["BDAT behind a tab", "BDAT\t5\r\n", "bad_syntax"],
    ["BDAT behind a blank", " BDAT 5\r\n", "bad_syntax"],
    ["BDAT with a tab before LAST", "BDAT 5\tLAST\r\n", "bad_syntax"],
    ["BDAT with a sign", "BDAT +5\r\n", "bad_syntax"],
    ["BDAT of more bytes than 31 bits count", "BDAT 4294967308\r\n", "bad_syntax"],
    [
      "a line without an end in maxFrameBytes",
      "x".repeat(DEFAULT_LIMITS.maxFrameBytes + 1),
      "frame_too_large",
    ],
    ["content in one piece with DATA", "DATA\r\nx\r\n.\r\n", "out_of_turn"],
    ["a command in one piece with AUTH", "auth PLAIN =\r\nNOOP\r\n", "out_of_turn"],
    ["commands behind DATA before its reply", "DATA\r\nMAIL FROM:<a@b>\r\n", "out_of_turn"],
    ["commands behind STARTTLS before its reply", "STARTTLS\r\nMAIL FROM:<a@b>\r\n", "out_of_turn"],
    ["commands behind AUTH before its reply", "AUTH LOGIN\r\nMAIL FROM:<a@b>\r\n", "out_of_turn"],
  ] as const
) {
  Deno.test(`${what} is refused`, () => {
    const both = new Both();
    both.out("220 hello\r\n");
    const error = assertThrows(() => both.in(wire), SmtpError);
    assertEquals(error.code, code);
  });
}

for (
  const [what, wire, code] of [
    ["a bare LF", "250 ok\n", "bare_lf"],
    ["a bare CR", "250 o\rk\r\n", "bare_cr"],
    ["no code", "hello\r\n", "bad_syntax"],
    ["a code of another class", "150 what\r\n", "bad_syntax"],
    ["two codes", "250-a\r\n251 b\r\n", "bad_syntax"],
    ["more than maxFrameBytes", `250-${"x".repeat(1000)}\r\n`.repeat(1100) + "250 x\r\n", "frame_too_large"],
    ["a 354 that nobody asked for", "354 go\r\n", "out_of_turn"],
    ["a 334 that nobody asked for", "334 go\r\n", "out_of_turn"],
  ] as const
) {
  Deno.test(`a reply with ${what} is refused`, () => {
    const both = new Both();
    both.out("220 hello\r\n");
    both.in("NOOP\r\n");
    const error = assertThrows(() => both.out(wire), SmtpError);
    assertEquals(error.code, code);
  });
}

for (
  const [what, line, fault] of [
    ["a line of 2048 bytes", "NOOP " + "x".repeat(2041), undefined],
    ["a line of 2049 bytes", "NOOP " + "x".repeat(2042), "too_long"],
    [
      "a line of 2049 bytes, not all of them characters",
      "NOOP " + "\u{1f600}".repeat(510) + "xx",
      "too_long",
    ],
    ["AUTH with 12288 bytes", "AUTH PLAIN " + "x".repeat(12_275), undefined],
    ["AUTH with 12289 bytes", "AUTH PLAIN " + "x".repeat(12_276), "too_long"],
    ["a tab behind the verb", "MAIL\tFROM:<a@b>", "bad_characters"],
    ["a blank before the verb", " VRFY a", "bad_characters"],
    ["a tab before the verb", "\tVRFY a", "bad_characters"],
    ["a vertical tab", "VRFY\x0ba", "bad_characters"],
    ["a form feed", "VRFY\x0ca", "bad_characters"],
    ["NUL", "VRFY\0 a", "bad_characters"],
    ["a tab in the arguments", "MAIL FROM:<a@b>\tSIZE=1", "bad_characters"],
    ["a tab at the end", "VRFY a\t", "bad_characters"],
    ["a verb that is not of letters", "VRFY: a", "bad_characters"],
    ["the Kelvin sign in a verb", "VRFY\u212a a", "bad_characters"],
    ["nothing", "", undefined],
    ["blanks at its end", "NOOP  ", undefined],
    ["letters beyond ASCII in its arguments", "VRFY n\u00e4ive", undefined],
  ] as const
) {
  Deno.test(`a command line with ${what} has the fault ${fault}`, () => {
    const [command] = new Both().in(`${line}\r\n`) as { fault?: string }[];
    assertEquals(command.fault, fault);
  });
}

Deno.test("bytes that are not UTF-8 come out of a command and of a reply as they went in", () => {
  const peer = new Both().peer;
  for (
    const pieces of [[0xe9], [0xe9, 0x40], [0xc3, 0xa9], [0xef, 0xbf, 0xbd], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]
  ) {
    for (const [codec, begin] of [[smtp, "MAIL FROM:<"], [smtp.reply, "550-5.1.7 <"]] as const) {
      const last = codec === smtp ? "@x>\r\n" : ">\r\n550 5.1.7 no\r\n";
      const wire = concat([bytes(begin), Uint8Array.from(pieces), bytes(last)]);
      const message = codec.decode(wire, peer);
      const written = codec.encode(message as never, peer);
      assertEquals(typeof written === "string" ? bytes(written) : written, wire);
      if (codec === smtp) {
        const isUtf8 = pieces[0] === 0xc3 || pieces[0] === 0xef;
        assertEquals((message as { fault?: string }).fault, isUtf8 ? undefined : "not_utf8");
      }
    }
  }
});

Deno.test("any line makes a command that makes the same line, but for blanks", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 0x80000000 * below);
  };
  const pieces = [
    "MAIL",
    "RCPT",
    "noop",
    " FROM:",
    " TO:",
    "<",
    ">",
    "a@b",
    '"',
    "\\",
    " ",
    "\t",
    "\xe9",
    "\0",
    "=",
    "AUTH",
    "5",
  ]
    .map((piece) => Uint8Array.from(piece, (character) => character.charCodeAt(0)));
  const peer = { session: new SmtpSession(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
  for (let round = 0; round < 20_000; round++) {
    const line = concat(Array.from({ length: random(7) }, () => pieces[random(pieces.length)]));
    const wire = concat([line, bytes("\r\n")]);
    const command = smtp.decode(wire, peer);
    const written = smtp.encode(command as Said, peer);
    const again = typeof written === "string" ? bytes(written) : written as Uint8Array;
    const squeeze = (wire: Uint8Array) =>
      String.fromCharCode(...wire).replace(/ +/g, " ").replace(/ ?\r\n$/, "").toLowerCase();
    assertEquals(squeeze(again), squeeze(wire), `seed ${seed}, round ${round}`);
    assertEquals(smtp.decode(again, peer), command, `seed ${seed}, round ${round}`);
  }
});

Deno.test("a blank line before a reply is passed over", () => {
  const both = new Both();
  assertEquals(both.out("\r\n220 hello\r\n\r\n").map(({ code }) => code), [220]);
  both.in("EHLO me\r\n");
  assertEquals(both.out("250-x\r\n250 y\r\n").map(({ lines }) => lines), [["x", "y"]]);
});

Deno.test("a reply of long lines, and of many, is one reply", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  both.in("HELP\r\n");
  const [reply] = both.out(`214-${"x".repeat(100_000)}\r\n${"214-y\r\n".repeat(1000)}214 z\r\n`);
  assertEquals([reply.code, reply.lines.length, reply.lines[0].length], [214, 1002, 100_000]);
});

Deno.test("a refused DATA leaves commands to be commands", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  both.in("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
  both.out("250 ok\r\n550 no\r\n");
  assertThrows(() => both.in("RSET\r\n"), SmtpError, "before the reply");
  both.out("503 nobody\r\n");
  assertEquals(names(both.in("RSET\r\n"), both), ["RSET"]);
});

Deno.test("only a 220 that answers STARTTLS starts TLS, and what was open before counts no more", () => {
  const both = new Both();
  const upgrade = (wire: string) => smtp.upgrade!(both.out(wire)[0], "out", both.peer);
  assertEquals(upgrade("220 hello\r\n"), undefined);
  both.in("STARTTLS\r\n");
  assertEquals(upgrade("454 4.7.0 later\r\n"), undefined);
  both.in("NOOP\r\n");
  assertEquals(upgrade("220 odd\r\n"), undefined);
  both.in("STARTTLS\r\n");
  assertEquals(upgrade("220 2.0.0 go\r\n"), "tls");
  assertEquals(names(both.in("EHLO me\r\n"), both), ["EHLO"]);
  assertEquals(upgrade("250 ok\r\n"), undefined);
});

Deno.test("a server's own replies move the session as they are encoded", () => {
  const session = smtp.session!();
  const peer = { session, limits: DEFAULT_LIMITS, side: "server" } as Peer<SmtpSession>;
  const hear = (line: string) => smtp.decode(bytes(line), peer);
  const say = (line: string) => smtp.reply.encode(reply(line), peer);
  say("220 hello");
  hear("DATA\r\n");
  say("354 go");
  assertEquals(session.state.stream, "content");
  hear(".\r\n");
  say("250 ok");
  hear("STARTTLS\r\n");
  const granted = reply("220 go");
  smtp.reply.encode(granted, peer);
  assertEquals(smtp.upgrade!(granted, "out", peer), "tls");
  assertThrows(() => say("354 go"), SmtpError, "not DATA");
});

Deno.test("a reply that a hook gives in the server's place completes the request in a proxy", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  both.in("MAIL FROM:<a@b>\r\n");
  both.out("250 ok\r\n");
  both.in("DATA\r\n");
  smtp.reply.encode(reply("554 5.7.1 no"), both.peer);
  assertEquals(names(both.in("RSET\r\n"), both), ["RSET"]);
  both.out("250 ok\r\n");
  both.in("DATA\r\n");
  both.out("354 go\r\n");
  assertEquals(both.session.state.stream, "content");
});

Deno.test("content that does not consist of whole lines is not sent", () => {
  const peer = { session: smtp.session!() } as Peer<SmtpSession>;
  for (const wrong of ["x", "a\nb\r\n", "a\rb\r\n"]) {
    assertThrows(
      () => smtp.encode({ part: "body", bytes: bytes(wrong), last: true }, peer),
      SmtpError,
    );
  }
  const dots = smtp.encode({ part: "body", bytes: bytes(".\r\n..\r\nx.\r\n"), last: true }, peer);
  assertEquals(text(dots as Uint8Array), "..\r\n...\r\nx.\r\n.\r\n");
});

Deno.test("what is sent may be given in its notation, and what is neither is told apart", () => {
  const peer = { session: smtp.session!() } as Peer<SmtpSession>;
  const say = (given: unknown) => smtp.reply.encode(given as Reply, peer);
  const ask = (given: unknown) => smtp.encode(given as Said, peer);
  assertEquals(say({ code: 334, lines: [""] }), "334 \r\n");
  assertEquals(say("452 4.5.3 Too many"), "452 4.5.3 Too many\r\n");
  assertEquals(smtp.reply.command!("452 4.5.3 Too many" as never, peer), "452");
  assertEquals(ask("rcpt TO:<a@b>"), "RCPT TO:<a@b>\r\n");
  assertEquals(text(ask("x\n.y") as Uint8Array), "x\r\n..y\r\n");
  for (const wrong of [undefined, null, 452, {}, { code: 452 }, { code: "452", lines: ["x"] }, () => {}]) {
    const { message } = assertThrows(() => say(wrong), TypeError);
    assertMatch(message, /^Cannot send \S.* as a reply: wanted a text such as "452 4\.5\.3 Too many", or \{/);
  }
  assertThrows(() => say("Too many"), SmtpError, "wanted a code and a text");
  for (const wrong of [undefined, 1, {}, { verb: "NOOP" }, { part: "body" }]) {
    assertThrows(() => ask(wrong), TypeError, 'wanted a text such as "RCPT TO:<a@example.org>"');
  }
});

Deno.test("a message that would make two lines is not sent", () => {
  const peer = { session: smtp.session!() } as Peer<SmtpSession>;
  assertThrows(() => smtp.encode({ verb: "NOOP", args: "x\r\nQUIT" }, peer), SmtpError, "line break");
  assertThrows(() => smtp.reply.encode({ code: 250, lines: ["x\r\n250 y"] }, peer), SmtpError, "line break");
  assertThrows(() => smtp.reply.encode({ code: 20, lines: ["x"] }, peer), SmtpError, "from 200 to 599");
});

for (
  const [args, address] of [
    ["FROM:<a@b>", "a@b"],
    ["from: <a@b>", "a@b"],
    ["FROM:<>", ""],
    ["FROM:<@relay,@other:a@b>", "a@b"],
    ['FROM:<"a> b"@c>', '"a> b"@c'],
    ["FROM:a@b", undefined],
    ["FROM:<a@b", undefined],
    ["FROM:<a b@c>", undefined],
    ["FROM:<a@b>SIZE=1", undefined],
    ["FROM:<A@Example.ORG>", "a@example.org"],
    ['FROM:<"a"@b>', "a@b"],
    ['FROM:<"a\\b"@c>', "ab@c"],
    ['FROM:<"a\\"b"@c>', '"a\\"b"@c'],
    ["FROM:<a..b@c>", "a..b@c"],
    ["FROM:<J\u00d6RG@B\u00dcCHER.example>", "j\u00f6rg@b\u00fccher.example"],
    ["FROM:<jo\u0308rg@c>", "j\u00f6rg@c"],
    ["FROM:<\u212aate@c>", "\u212aate@c"],
    ["FROM:<bo\u017fs@c>", "bo\u017fs@c"],
    ["FROM:<a@[IPv6:0:0:0:0:0:0:0:1]>", "a@[ipv6:::1]"],
    ["FROM:<a@[127.0.0.1]>", "a@[127.0.0.1]"],
    ["FROM:<Postmaster>", "postmaster"],
    ["FROM:<po\u017ftmaster>", undefined],
    ["FROM:<a>", undefined],
    ["FROM:<a@>", undefined],
    ["FROM:<@b>", undefined],
    ["FROM:<@b:>", undefined],
    ["FROM:<a@b.>", undefined],
    ["FROM:<a@b..c>", undefined],
    ["FROM:<a(x)@b>", undefined],
    ["FROM:<a@b(x)>", undefined],
    ["FROM:<b\\oss@c>", undefined],
    ["FROM:< a@b>", undefined],
    ["FROM:<a@b >", undefined],
    ["FROM:<a@b@c>", undefined],
    ["FROM:<<a@b>>", undefined],
    ["FROM:x <a@b>", undefined],
    ["FROM:<a\u202e@b>", undefined],
    ["FROM:<a@b> SIZE=1 size=2", undefined],
    ["FROM :<a@b>", undefined],
    ["FROM:<a@b> SIZE==1", undefined],
    ["TO:<a@b>", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`MAIL ${args} has the address ${address}`, () => {
    const message = smtp.parse!(`MAIL ${args}`) as { address?: string };
    assertEquals(message.address, address);
  });
}

Deno.test("an enhanced code is taken out of the text only where every line has it", () => {
  assertEquals(reply("550 5.7.1 no"), { code: 550, enhanced: "5.7.1", lines: ["no"] });
  assertEquals(reply("550 5.7.1"), { code: 550, enhanced: "5.7.1", lines: [""] });
  assertEquals(reply("550-5.7.1 a\n550 b"), { code: 550, lines: ["5.7.1 a", "b"] });
  assertEquals(reply("250 5.7.1 no"), { code: 250, lines: ["5.7.1 no"] });
  assertEquals(reply("250 2.0.0 a", "b"), { code: 250, enhanced: "2.0.0", lines: ["a", "b"] });
  assertMatch(assertThrows(() => reply("hello"), SmtpError).message, /wanted a code and a text/);
});

Deno.test("an address as it was written is kept where it is not in the form to compare", () => {
  const path = (notation: string) => (smtp.parse!(notation) as { path?: string }).path;
  assertEquals(path("RCPT TO:<a@b>"), undefined);
  assertEquals(path('RCPT TO:<@r,@s:"Ann"@B>'), '"Ann"@B');
});

for (
  const [args, plain] of [
    ["FROM:<a@b> SIZE=1", undefined],
    ["from:<a@b>", undefined],
    ["FROM:<>", undefined],
    ["FROM: <a@b>  SIZE=1   BODY=7BIT", "FROM:<a@b> SIZE=1 BODY=7BIT"],
    ["FROM:a@b SIZE=1", "FROM:<a@b> SIZE=1"],
    ["FROM:<@r,@s:A@b>", "FROM:<A@b>"],
    ["FROM:x <a@b>", undefined],
  ] as const
) {
  Deno.test(`MAIL ${args} has the plain form ${plain}`, () => {
    const message = smtp.plain!(smtp.parse!(`MAIL ${args}`), new Both().peer);
    assertEquals((message as { args: string } | undefined)?.args, plain);
    if (plain !== undefined) assertEquals(message, smtp.parse!(`MAIL ${plain}`));
  });
}

for (
  const [line, refusal, isHooked] of [
    ["VRFY\tx", "500 5.5.2", false],
    ["RCPT TO:<b>", "501 5.5.4", true],
    ["RCPT TO:<b>", undefined, false],
    ["RCPT TO:<a%b.c@d>", "501 5.1.3", true],
    ["RCPT TO:<b.c!a@d>", "501 5.1.3", true],
    ['RCPT TO:<"a@b.c"@d>', "501 5.1.3", true],
    ["RCPT TO:<\u212aate@d>", "501 5.1.3", true],
    ["RCPT TO:<bo\u00df@d>", "501 5.1.3", true],
    ["MAIL FROM:<a%b.c@d>", "501 5.1.7", true],
    ["MAIL FROM:<a@b> SIZE=1 SIZE=2", "501 5.5.4", true],
    ["MAIL FROM:<\u00e4+x=y@d>", undefined, true],
    ["MAIL FROM:<>", undefined, true],
    ["VRFY x", undefined, true],
    ["BDAT 5", "503 5.5.1", false],
  ] as const
) {
  Deno.test(`a guard refuses ${JSON.stringify(line)} with ${refusal}${isHooked ? ", where a hook asks" : ""}`, () => {
    const answer = smtp.ambiguous!(smtp.parse!(line), new Both().peer, { isHooked, frame: bytes(line) });
    assertEquals(answer === undefined ? undefined : `${answer.code} ${answer.enhanced}`, refusal);
  });
}

Deno.test("BDAT is clear where the reply to EHLO has offered CHUNKING", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  const isClear = () =>
    smtp.ambiguous!(smtp.parse!("BDAT 5"), both.peer, { isHooked: false, frame: bytes("") }) === undefined;
  both.in("EHLO me\r\n");
  both.out("250-CHUNKING\r\n250 SIZE\r\n");
  assertEquals(isClear(), false, "the first line is a greeting");
  both.in("EHLO me\r\n");
  both.out("250-me\r\n250 chunking\r\n");
  assertEquals(isClear(), true);
  both.in("HELO me\r\n");
  assertEquals(isClear(), false);
  both.out("250-me\r\n250 CHUNKING\r\n");
  assertEquals(isClear(), false);
});

Deno.test("a line of content that is too long for a part comes in pieces, and goes out as it came", () => {
  const long = "y".repeat(200_000);
  for (
    const content of [
      `A: b\r\n\r\n${long}\r\n.\r\n`,
      `A: b\r\n\r\n..${long}\r\n..\r\n.\r\n`,
      `A: ${long}\r\n b\r\nC: d\r\n\r\n.\r\n`,
      `${long}\r\n.\r\n`,
      `${"z".repeat(65_535)}\r\nz\r\n.\r\n`,
      `${"z".repeat(65_536)}\r\n.\r\n`,
    ]
  ) {
    for (const step of [1, 1000, 65_536, 65_537, 1e6]) {
      if (step === 1 && content.length > 100_000) continue;
      const peer = { session: inContent(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
      const wire = bytes(content);
      const parts: ContentPart[] = [];
      let sent = "";
      let [begin, end, from] = [0, 0, 0];
      while (begin < wire.length) {
        const length = end > begin ? smtp.input(wire.subarray(begin, end), peer, from) : 0;
        if (length === 0 || begin + length > end) {
          from = length === 0 ? end - begin : 0;
          assert(end < wire.length, "the rest is not read");
          end = Math.min(wire.length, end + step);
          continue;
        }
        assert(length <= DEFAULT_LIMITS.maxFrameBytes);
        const part = smtp.decode(wire.subarray(begin, begin + length), peer) as ContentPart;
        parts.push(part);
        sent += text(smtp.encode(part, peer) as Uint8Array);
        begin += length;
        from = 0;
      }
      assertEquals(sent === content, true, `${content.slice(0, 20)}, ${step} at a time`);
      assertEquals(parts.filter(({ part }) => part === "eoh").length, 1);
      assertEquals(parts.at(-1)!.last, true);
    }
  }
});

Deno.test("what replaces a piece of a long line does not end the line, so that no dot begins one", () => {
  const peer = { session: inContent(), limits: DEFAULT_LIMITS } as Peer<SmtpSession>;
  smtp.decode(bytes("\r\n"), peer);
  const decode = (wire: string) => smtp.decode(bytes(wire), peer) as ContentPart;
  const encode = (put: Partial<ContentPart>) =>
    text(smtp.encode({ part: "body", ...put } as ContentPart, peer) as Uint8Array);
  assertEquals(decode("x".repeat(2000)), {
    part: "body",
    bytes: bytes("x".repeat(2000)),
    unfinished: true,
    last: false,
  });
  assertEquals(encode({ bytes: bytes(".y\r\n"), last: false }), "..y");
  assertThrows(() => encode({ bytes: bytes("\r\n"), last: false }), SmtpError, "the rest of it follows");
  assertThrows(() => encode({ bytes: bytes(""), last: false }), SmtpError, "the rest of it follows");
  assertThrows(() => encode({ bytes: bytes("y\r"), last: false }), SmtpError);
  assertEquals(decode(".\r\n.\r\n"), { part: "body", bytes: bytes(".\r\n"), continues: true, last: true });
  assertEquals(encode({ bytes: bytes(".z\r\n.\r\n"), last: false }), ".z\r\n..\r\n.\r\n");
});

for (
  const [transport, wanted] of [
    ["tcp", ["x", "SIZE"]],
    ["tls", ["x", "REQUIRETLS", "SIZE"]],
  ] as const
) {
  Deno.test(`a client that cannot start TLS over ${transport} is offered only what it can use`, () => {
    const peer = { ...new Both().peer, transport } as Peer<SmtpSession>;
    const offer = reply("250 x", "REQUIRETLS", "STARTTLS", "SIZE");
    assertEquals(smtp.withoutTls!(offer, peer)?.lines, [...wanted]);
    assertEquals(smtp.withoutTls!(reply("250 STARTTLS", "SIZE"), peer), undefined);
    assertEquals(smtp.withoutTls!(reply("214 x", "STARTTLS"), peer), undefined);
  });
}

Deno.test("skimming notes what decoding does, without the content", () => {
  const long = "x".repeat(70_000);
  const talk: ["in" | "out", string][] = [
    ["out", "\r\n220 mail.example ESMTP\r\n"],
    ["in", "EHLO me\r\n"],
    ["out", "250-x\r\n250-CHUNKING\r\n250 STARTTLS\r\n"],
    ["in", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"],
    ["out", "250 ok\r\n250 ok\r\n354 go\r\n"],
    ["in", `A: ${long}\r\n b\r\nno field ${long}\r\n..\r\n.\r\n`],
    ["out", "250 2.0.0 queued\r\n"],
    ["in", "DATA\r\n"],
    ["out", "354 go\r\n"],
    ["in", "A: b\r\n\r\nx\r\n.\r\n"],
    ["in", "BDAT 5\r\nabc\r\nBDAT 0 LAST\r\nAUTH LOGIN\r\n"],
    ["out", "250 ok\r\n250 ok\r\n250 ok\r\n334 x\r\n"],
    ["in", "YQ==\r\n"],
    ["out", "235 ok\r\n"],
    ["in", "STARTTLS\r\n"],
    ["out", "220 go\r\n"],
  ];
  const [decoding, skimming] = [new Both(), new Both({ skims: true })];
  for (const [direction, wire] of talk) {
    const [decoded, skimmed] = [decoding, skimming].map((both) => both[direction](wire));
    const kinds = (messages: (Said | Reply)[]) =>
      messages.map((message) =>
        "part" in message ? [message.part, message.last] : "verb" in message ? message.verb : message
      );
    if (direction === "in") assertEquals(kinds(skimmed), kinds(decoded), wire.slice(0, 20));
    else {assertEquals(
        skimmed.map((reply) => (reply as Reply).code),
        decoded.map((reply) => (reply as Reply).code),
      );}
    const seen = ({ session }: Both) => {
      const { state, completes, startsTls, offersChunking, awaited, owesEarlier } = session;
      const { firstLine: _, ...part } = session.part ?? {};
      return { state, completes, startsTls, offersChunking, awaited, owesEarlier, part };
    };
    assertEquals(seen(skimming), seen(decoding), wire.slice(0, 20));
  }
  assertEquals(skimming.frames, decoding.frames);
});

Deno.test("what no hook looks at need not be a reply to be forwarded", () => {
  const both = new Both({ skims: true });
  both.out("220 hello\r\n");
  both.in("HELP\r\nNOOP\r\n");
  assertEquals(both.out("214-a\r\n250-b\r\n251 c\r\nwhat is this\r\n250 ok\r\n").map(({ code }) => code), [
    251,
    250,
  ]);
  assertEquals(both.session.owesEarlier, false);
});

Deno.test("what a hook withdraws is not waited for", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  const [data] = both.in("DATA\r\n");
  smtp.withdrawn!(data, both.peer);
  const [mail] = both.in("MAIL FROM:<a@b>\r\n");
  assertEquals(both.session.owesEarlier, true);
  both.out("250 ok\r\n");
  assertEquals([smtp.answers!(reply("250 ok"), both.peer), both.session.owesEarlier], [true, false]);
  smtp.withdrawn!(mail, both.peer);
  smtp.reply.encode(reply("550 no"), both.peer);
  both.in("NOOP\r\n");
  both.out("250 ok\r\n");
  assertEquals([smtp.answers!(reply("250 ok"), both.peer), both.session.owesEarlier], [true, false]);
});

Deno.test("what a hook puts in the place of a command is what is answered", () => {
  const both = new Both();
  both.out("220 hello\r\n");
  const [noop] = both.in("NOOP\r\n");
  smtp.replaced!(noop, smtp.parse!("DATA"), both.peer);
  both.out("354 go\r\n");
  assertEquals(both.session.state.stream, "content");
  both.in(".\r\n");
  both.out("250 ok\r\n");
  const [data] = both.in("DATA\r\n");
  smtp.replaced!(data, "NOOP" as unknown as Said, both.peer);
  assertEquals(names(both.in("RSET\r\n"), both), ["RSET"]);
});

Deno.test("what a client hears of an upstream that is not there is a 421", () => {
  assertEquals(smtp.unavailable!(new Error("gone")).code, 421);
});
