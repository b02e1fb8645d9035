/**
 * How Postfix and Exim read what is outside the strict grammar of SMTP, and that none of it passes a guard under another
 * name. The table of `docs/protocols/smtp.md` is this one.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  bytes,
  close,
  concat,
  defineHooks,
  type HookModule,
  listen,
  on,
  replace,
  reply,
  type Server,
  text,
} from "@protohost/protohost";
import { type Command, type ContentPart, smtpHandler } from "../../protocols/smtp/mod.ts";
import { codesIn, parseDocument } from "../support/documents.ts";
import { Exim, lacksExim } from "../support/exim.ts";
import { lacksPostfix, Postfix } from "../support/postfix.ts";
import { guard, watching } from "../support/smtp_guard.ts";
import { MailWire } from "../support/smtp.ts";
import { soon, until, Wire } from "../support/wire.ts";

const documentUrl = new URL("../../docs/protocols/smtp.md", import.meta.url);
const document = await Deno.readTextFile(documentUrl);
/** The tables of readings, by their first heading: each row a command and what becomes of it. */
const readings = document.split(/^\| (?=command |chunk )/m).slice(1).map((table) =>
  parseDocument("", `# t\n| ${table}`).tables.get("t")!
);

const BYTES: Readonly<Record<string, number>> = { SP: 32, TAB: 9, VT: 11, FF: 12, NUL: 0, xE9: 0xe9 };

/** The bytes that a cell of the document stands for. */
function wireOf(notation: string): Uint8Array {
  const pieces = notation.split(/<(SP|TAB|VT|FF|NUL|xE9)>/);
  return concat([
    ...pieces.map((piece, index) => index % 2 === 0 ? bytes(piece) : Uint8Array.of(BYTES[piece])),
    bytes("\r\n"),
  ]);
}

/** Servers that say which of their names a command has: `is VRFY`, `is evil`, `is boss`. */
async function startPostfix(): Promise<Postfix> {
  return await Postfix.start({
    more: {
      mydestination: "postfix.example",
      myorigin: "example.org",
      local_transport: "error:nowhere",
      mynetworks: "127.0.0.0/8",
      smtpd_hard_error_limit: "1000",
      smtpd_recipient_restrictions: "check_recipient_access inline:{ {boss@example.org=REJECT is boss} }, " +
        "check_sender_access inline:{ {evil.test=REJECT is evil} }, permit",
    },
  });
}

async function startExim(): Promise<Exim> {
  return await Exim.start(`acl_mail:
  deny senders = *@evil.test
       message = is evil
  accept
acl_rcpt:
  deny recipients = boss@example.org
       message = is boss
  accept
acl_vrfy:
  deny message = is VRFY
`);
}

/** Refuses what has one of the names. */
const naming: HookModule = defineHooks([
  on("VRFY", () => reply("550 5.7.1 guard: is VRFY")),
  on<Command>(
    "MAIL",
    ({ message }) => /@evil\.test$/.test(message.address!) ? reply("550 5.7.1 guard: is evil") : undefined,
  ),
  on<Command>(
    "RCPT",
    ({ message }) => message.address === "boss@example.org" ? reply("550 5.7.1 guard: is boss") : undefined,
  ),
]);

const NAMED = /is (?:VRFY|evil|boss)/;

/** How a server reads a command: `named`, `other`, `refused`. */
async function readingOf(port: number, notation: string): Promise<{ reading: string; said: string }> {
  using wire = await MailWire.greeted(port);
  const isUtf8 = [...notation].some((character) => character > "\x7f");
  const setUp = [
    "EHLO a.b",
    ...notation.includes("RCPT") ? [`MAIL FROM:<a@b.c>${isUtf8 ? " SMTPUTF8" : ""}`] : [],
  ];
  assertMatch(await wire.codes(...setUp), /^250( 250)?$/);
  await wire.write(wireOf(notation));
  let said = await wire.reply();
  // Postfix says what it thinks of a sender when it hears of a recipient.
  if (/^MAIL/i.test(notation) && said.startsWith("250")) said = await wire.ask("RCPT TO:<x@example.org>");
  const isNamed = NAMED.test(said);
  return { reading: isNamed ? "named" : /^[45]/.test(said) ? "refused" : "other", said };
}

const NOOPS = "NOOP\r\nNOOP\r\n";

/** How a server reads what follows a chunk's command: `chunk`, `commands`, `closed`, `waits`, `refused`. */
async function chunkReadingOf(port: number, cell: string): Promise<{ reading: string; said: string }> {
  using wire = await MailWire.greeted(port);
  const [line, hello = "EHLO"] = codesIn(cell);
  assertEquals(
    await wire.codes(`${hello} a.b`, "MAIL FROM:<a@b.c>", "RCPT TO:<x@example.org>"),
    "250 250 250",
  );
  await wire.write(concat([wireOf(line), bytes(NOOPS)]));
  wire.deadlineMs = 1000;
  const replies: string[] = [];
  let isOver = false;
  try {
    for (;;) replies.push(await wire.reply());
  } catch (error) {
    isOver = /stream ended/.test((error as Error).message);
  }
  const said = replies.join(" ");
  if (isOver) return { reading: "closed", said };
  if (replies.length === 0) return { reading: "waits", said };
  if (replies.length > 1) return { reading: "commands", said };
  return { reading: replies[0].startsWith("250") ? "chunk" : "refused", said };
}

for (
  const [column, [name, start, isMissing]] of ([
    ["Postfix", startPostfix, lacksPostfix],
    ["Exim", startExim, lacksExim],
  ] as const).entries()
) {
  Deno.test({
    name: `${name} reads what docs/protocols/smtp.md says, and none of it passes a guard unnamed`,
    ignore: isMissing,
    async fn() {
      await using real = await start();
      await using server = await guard(real.port, naming);
      assertEquals(readings.map((rows) => rows.length > 10), [true, true]);
      const wrong: unknown[] = [];
      const judge = async (cell: string, wanted: string[], read: typeof readingOf) => {
        const found = await Promise.all([read(real.port, cell), read(server.port, cell)]);
        const [direct, guarded] = found;
        // Whatever the server calls by a name of its own, the guard before it has called so first.
        const isPassed = NAMED.test(guarded.said) && !guarded.said.includes("guard:");
        // What the guard does not name is for the server to take.
        const isRight = guarded.reading === (wanted[2] === "other" ? wanted[column] : wanted[2]);
        if (direct.reading !== wanted[column] || !isRight || isPassed) wrong.push({ cell, wanted, found });
      };
      const [commands, chunks] = readings;
      for (const rows of batches(commands, 8)) {
        await Promise.all(
          rows.map(([cell, ...wanted]) => judge(/^`(.*)`$/.exec(cell)![1], wanted, readingOf)),
        );
      }
      await Promise.all(chunks.map(([cell, ...wanted]) => judge(cell, wanted, chunkReadingOf)));
      assertEquals(wrong, []);
    },
  });
}

function batches<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** A mail server that says what it has heard of messages. */
async function behind(): Promise<{ server: Server; messages: string[] }> {
  const messages: string[] = [];
  const server = await listen(
    "smtp://127.0.0.1:0",
    smtpHandler({
      async onData(content, { from, recipients }) {
        let message = "";
        for await (const bytes of content) message += text(bytes);
        messages.push(`${from} to ${recipients.map(({ path }) => path)}: ${message}`);
      },
    }, { hostname: "behind.example" }),
  );
  return { server, messages };
}

Deno.test("a guard puts a path in its plain form, and nothing else that is clear is changed", async () => {
  const heard: string[] = [];
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    const wire = new Wire(conn);
    await wire.write("220 behind.example\r\n");
    for (;;) {
      const line = await wire.line().catch(() => undefined);
      if (line === undefined) return;
      heard.push(line.replace(/\r$/, ""));
      await wire.write("250 ok\r\n");
    }
  })();
  const seen: string[] = [];
  await using server = await guard(
    (listener.addr as Deno.NetAddr).port,
    defineHooks([on<Command>(["MAIL", "RCPT"], ({ message }) => void seen.push(message.args))]),
  );
  using wire = await MailWire.greeted(server.port);
  const said = [
    "ehlo a.b ",
    "MAIL FROM:  a@b.c  SIZE=1",
    "Rcpt to:<@r:B@c.d>",
    "RCPT TO:<e@f.g>  ",
    "vrfy x",
  ];
  assertEquals(await wire.codes(...said), "250 250 250 250 250");
  wire.conn.close();
  await soon(served, "the end of the connection behind");
  assertEquals(heard, [
    "ehlo a.b ",
    "MAIL FROM:<a@b.c> SIZE=1",
    "RCPT to:<B@c.d>",
    "RCPT TO:<e@f.g>  ",
    "vrfy x",
  ]);
  assertEquals(seen, ["FROM:<a@b.c> SIZE=1", "to:<B@c.d>", "TO:<e@f.g>"]);
});

Deno.test("a refusal waits for the greeting of the server behind", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  await using real = await listen(
    "smtp://127.0.0.1:0",
    smtpHandler({ onConnect: () => go.then(() => undefined) }, { hostname: "behind.example" }),
  );
  await using server = await guard(real.port, defineHooks([on("VRFY", () => reply("252 guarded"))]));
  using wire = await MailWire.open(server.port).then(({ conn }) => new MailWire(conn));
  await wire.write("VRFY x\r\nVRFY\tx\r\nNOOP\r\n");
  await until(() => server.connections()[0]?.bytesRead === 22, "the commands read");
  resolve();
  assertEquals(
    [await wire.reply(), await wire.reply(), await wire.reply(), await wire.reply()],
    [
      "220 behind.example ESMTP",
      "252 guarded",
      "500 5.5.2 Control character or blank where none may be",
      "250 2.0.0 Ok",
    ],
  );
  assertEquals(server.stats.errors, { ambiguous_request: 1 });
});

for (const verdict of ["close", "reply"] as const) {
  for (
    const [what, said] of [
      ["begins after its 354", ["DATA\r\n", "Subject: x\r\n\r\nEICAR\r\n"]],
      ["is whole", ["DATA\r\n", "Subject: x\r\n\r\nEICAR\r\n.\r\n"]],
      ["comes by BDAT", ["BDAT 22 LAST\r\n", "Subject: x\r\n\r\nEICAR\r\n"]],
      ["comes by BDAT in pieces", ["BDAT 4 LAST\r\n", "EICA"]],
    ] as const
  ) {
    Deno.test(`${verdict} with a last word in the middle of content is heard at once, where it ${what}`, async () => {
      const { server: real, messages } = await behind();
      await using _ = real;
      const last = { code: 554, enhanced: "5.7.1", lines: ["Virus"] };
      await using server = await guard(
        real.port,
        defineHooks([
          on<ContentPart>(
            ["HEADER", "EOH", "BODY", "CHUNK"],
            ({ message }) =>
              text(message.bytes).includes("EICA")
                ? (verdict === "close" ? close(last) : reply(last))
                : undefined,
          ),
        ]),
      );
      using wire = await MailWire.greeted(server.port);
      assertEquals(
        await wire.codes("EHLO a.b", "MAIL FROM:<a@b.c>", "RCPT TO:<b@c.d>", "NOOP"),
        "250 250 250 250",
      );
      await wire.write(said[0]);
      if (said[0].startsWith("DATA")) assertEquals((await wire.reply()).slice(0, 3), "354");
      await wire.write(said[1]);
      assertEquals(await wire.rest(), "554 5.7.1 Virus\r\n");
      wire.conn.close();
      await until(() => real.stats.open === 0, "the end of the connection behind");
      assertEquals(messages, []);
    });
  }
}

Deno.test("what is not UTF-8 is refused by a guard, and is not changed by a hook on replies", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const latin1 = Uint8Array.from("250 Gr\xfc\xdfe\r\n", (character) => character.charCodeAt(0));
  const served = (async () => {
    using conn = await listener.accept();
    const wire = new Wire(conn);
    await wire.write("220 behind.example\r\n");
    while (await wire.line().catch(() => undefined) !== undefined) await wire.write(latin1);
  })();
  await using server = await guard(
    (listener.addr as Deno.NetAddr).port,
    defineHooks([
      on("250", ({ message }) => replace(message), { direction: "out" }),
      on("*", ({ message }) => replace(message)),
    ]),
  );
  using wire = await MailWire.greeted(server.port);
  await wire.write("NOOP\r\n");
  assertEquals(await wire.bytes(latin1.length), latin1);
  await wire.write(concat([bytes("MAIL FROM:<"), Uint8Array.of(0xe9), bytes("@b.c>\r\n")]));
  assertEquals(await wire.reply(), "500 5.5.2 The line is not UTF-8");
  wire.conn.close();
  await soon(served, "the end of the connection behind");
});

Deno.test("a guard goes on where the server would: a blank line first, long lines of commands and replies", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    const wire = new Wire(conn);
    await wire.write("\r\n220 behind.example\r\n");
    while (await wire.line().catch(() => undefined) !== undefined) {
      await wire.write(`250-${"x".repeat(5000)}\r\n${"250-y\r\n".repeat(300)}250 z\r\n`);
    }
  })();
  const seen: string[] = [];
  await using server = await guard(
    (listener.addr as Deno.NetAddr).port,
    defineHooks([on("*", ({ command }) => void seen.push(command), { direction: "out" }), on("*", () => {})]),
  );
  using wire = await MailWire.open(server.port).then(({ conn }) => new MailWire(conn));
  assertEquals([await wire.line(), await wire.reply()], ["\r", "220 behind.example"]);
  assertEquals((await wire.ask("NOOP")).length, 5004 + 300 * 6 + 6);
  assertEquals(await wire.ask("NOOP " + "x".repeat(5000)), "500 5.5.2 Line too long");
  assertEquals((await wire.ask("")).slice(0, 4), "250-");
  assertEquals(seen, ["220", "250", "250"]);
  wire.conn.close();
  await soon(served, "the end of the connection behind");
});

Deno.test("a line of a megabyte in content passes a guard byte by byte as it came", async () => {
  const { server: real, messages } = await behind();
  await using _ = real;
  await using server = await guard(real.port, watching().hooks);
  using wire = await MailWire.greeted(server.port);
  await wire.codes("EHLO a.b", "MAIL FROM:<a@b.c>", "RCPT TO:<b@c.d>", "DATA");
  const line = `..${"x".repeat(1024 ** 2 + 100_000)}`;
  assertEquals((await wire.ask(`A: b\r\n\r\n${line}\r\n.`)).slice(0, 3), "250");
  assertEquals(messages.length, 1);
  assert(messages[0] === `a@b.c to b@c.d: A: b\r\n\r\n${line.slice(1)}\r\n`);
  assertEquals(server.stats.errors, {});
});
