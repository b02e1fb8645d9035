/**
 * A server's side of SMTP with a handler: commands, content, TLS and authentication, options.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Connection, listen } from "@protohost/protohost";
import {
  defineSmtp,
  type Reply,
  reply,
  type SmtpContent,
  smtpHandler,
  SmtpOptionsError,
} from "../../protocols/smtp/mod.ts";
import { NewlineNormalizer } from "../../protocols/smtp/server/newlines.ts";
import { OptionReader } from "../../protocols/smtp/server/option_reader.ts";
import { service } from "../../protocols/smtp/server/service.ts";
import { bdat, EHLO, keeping, MAIL, PLAIN, RCPT, serve, someone } from "../support/smtp_service.ts";
import { MailClient, MailWire, tls } from "../support/smtp.ts";
import { soon, until } from "../support/wire.ts";

Deno.test("smtp greets, says what it offers, and says goodbye", async () => {
  await using server = await serve({ onData: () => {} });
  using wire = new MailWire((await MailWire.open(server.port)).conn);
  assertEquals(await wire.reply(), "220 mx.example ESMTP");
  assertEquals(
    await wire.ask(EHLO),
    "250-mx.example|250-PIPELINING|250-SIZE 26214400|250-8BITMIME|250-SMTPUTF8|250-CHUNKING|" +
      "250-ENHANCEDSTATUSCODES|250 HELP",
  );
  assertEquals(await wire.ask("HELO client.example"), "250 mx.example");
  assertEquals(await wire.ask("NOOP"), "250 2.0.0 Ok");
  assertEquals(
    await wire.codes("VRFY b", "HELP", "EXPN x", "WHAT", "HELO", "EHLO a b"),
    "252 214 502 500 501 501",
  );
  assertEquals(await wire.ask("quit"), "221 2.0.0 Bye");
  assertEquals(await wire.rest(), "");
});

Deno.test("smtp hands envelope and content to the handler, dots undone, and forgets it afterwards", async () => {
  const { handler, messages, mails } = keeping();
  await using server = await serve(handler);
  using wire = await MailWire.greeted(server.port);
  await wire.ask(EHLO);
  assertEquals(
    await wire.codes(`${MAIL} SIZE=30 BODY=8BITMIME`, RCPT, "RCPT TO:<c@example.org>", "DATA"),
    "250 250 250 354",
  );
  assertEquals(await wire.ask("A: b\r\n\r\n..dot\r\n..\r\n."), "250 2.0.0 Accepted");
  assertEquals(messages, ["A: b\r\n\r\n.dot\r\n.\r\n"]);
  assertEquals(mails[0].from, "a@example.org");
  assertEquals({ ...mails[0].params }, { SIZE: "30", BODY: "8BITMIME" });
  assertEquals(mails[0].recipients.map(({ address }) => address), ["b@example.org", "c@example.org"]);
  assertEquals(await wire.codes(RCPT, "DATA"), "503 503");
});

Deno.test("smtp takes commands that come all at once, and answers each in its order", async () => {
  const { handler, messages } = keeping();
  await using server = await serve({
    ...handler,
    onRcpt: ({ address }) => address.startsWith("no") ? "550 5.1.1 No such mailbox" : undefined,
  });
  using wire = await MailWire.greeted(server.port);
  await wire.write(`${EHLO}\r\n${MAIL}\r\nRCPT TO:<no@x.y>\r\n${RCPT}\r\nDATA\r\n`);
  await wire.reply();
  assertEquals(
    [await wire.reply(), await wire.reply(), await wire.reply(), await wire.reply()],
    ["250 2.1.0 Ok", "550 5.1.1 No such mailbox", "250 2.1.5 Ok", "354 End with a dot alone"],
  );
  await wire.write(`one\r\n.\r\n${MAIL}\r\n${RCPT}\r\nDATA\r\n`);
  assertEquals((await wire.reply()).slice(0, 3), "250");
  assertEquals([(await wire.reply()).slice(0, 3), (await wire.reply()).slice(0, 3)], ["250", "250"]);
  await wire.reply();
  assertEquals(await wire.ask("two\r\n."), "250 2.0.0 Accepted");
  assertEquals(messages, ["one\r\n", "two\r\n"]);
});

Deno.test("smtp minds the order of commands", async () => {
  await using server = await serve({ onData: () => {} });
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes(MAIL, RCPT, "DATA", "BDAT 0 LAST", "AUTH PLAIN", "STARTTLS"),
    "503 503 503 503 502 502",
  );
  assertEquals(
    await wire.codes(EHLO, RCPT, MAIL, MAIL, "DATA", RCPT, "RSET", RCPT),
    "250 503 250 503 554 250 250 503",
  );
  assertEquals(await wire.codes(MAIL, EHLO, RCPT), "250 250 503");
});

for (
  const [line, wanted] of [
    ["MAIL FROM:a@b", "501 5.5.4"],
    ["MAIL FROM:<a@b> SIZE=x", "501 5.5.4"],
    ["MAIL FROM:<a@b> SIZE=2000", "552 5.3.4"],
    ["MAIL FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"],
    ["MAIL FROM:<a@b> RET=FULL", "555 5.5.4"],
    ["MAIL FROM:<ä@b>", "553 5.6.7"],
    ["MAIL FROM:<ä@b> SMTPUTF8", "250 2.1.0"],
    ["MAIL FROM:<ä@b> SMTPUTF8=1", "501 5.5.4"],
    ["MAIL FROM:<a\x01@b>", "501 5.1.7"],
    [`MAIL FROM:<${"a".repeat(300)}@b>`, "501 5.1.7"],
    ["MAIL FROM:<> AUTH=<>", "250 2.1.0"],
    ["RCPT TO:<>", "501 5.5.4"],
    ["RCPT TO:b@c", "501 5.5.4"],
    ["RCPT TO:<b@c> NOTIFY=NEVER", "555 5.5.4"],
    ["RCPT TO:<ä@b>", "553 5.6.7"],
    ["RCPT TO:<postmaster>", "250 2.1.5"],
    ["DATA now", "501 5.5.4"],
    ["RSET now", "501 5.5.4"],
    ["STARTTLS now", "501 5.5.4"],
  ] as const
) {
  Deno.test(`smtp answers ${line.slice(0, 40)} with ${wanted}`, async () => {
    await using server = await serve({ onData: () => {} }, { options: { maxMessageBytes: 1000 } });
    using wire = await MailWire.greeted(server.port);
    await wire.ask(EHLO);
    if (!line.startsWith("MAIL")) await wire.ask(MAIL);
    assertEquals((await wire.ask(line)).slice(0, 9), wanted);
  });
}

Deno.test("smtp takes chunks, one reply to each", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler);
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT);
  await wire.write(bdat("A: b\r\n") + bdat("") + bdat("\r\n.\r\nx", " LAST") + "NOOP\r\n");
  assertEquals(
    [await wire.reply(), await wire.reply(), await wire.reply(), await wire.reply()],
    ["250 2.0.0 6 bytes", "250 2.0.0 0 bytes", "250 2.0.0 Accepted", "250 2.0.0 Ok"],
  );
  assertEquals(messages, ["A: b\r\n\r\n.\r\nx"]);
});

Deno.test("smtp reads the bytes of a chunk that it refuses", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler, { options: { bareNewlines: "refuse" } });
  using wire = await MailWire.greeted(server.port);
  const chunk = bdat("QUIT\r\n", " LAST");
  await wire.write(`${EHLO}\r\n${chunk}${MAIL}\r\n${chunk}${RCPT}\r\n${bdat("\n")}${chunk}NOOP\r\n`);
  const codes: string[] = [];
  for (let i = 0; i < 8; i++) codes.push((await wire.reply()).slice(0, 3));
  assertEquals(codes.join(" "), "250 503 250 554 250 554 503 250");
  assertEquals(messages, []);
});

Deno.test("smtp refuses a bare LF that two chunks hide, if it is to", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler, { options: { bareNewlines: "refuse" } });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT);
  await wire.write(bdat("a\r\n") + bdat("\nb", " LAST"));
  assertEquals((await wire.reply()).slice(0, 3), "250");
  assertEquals((await wire.reply()).slice(0, 9), "554 5.6.0");
  assertEquals(messages, []);
  await wire.write(`${MAIL}\r\n${RCPT}\r\n${bdat("a\r")}${bdat("\nb\r", " LAST")}`);
  assertEquals([await wire.reply(), await wire.reply(), await wire.reply()].map((line) => line.slice(0, 3)), [
    "250",
    "250",
    "250",
  ]);
  assertEquals((await wire.reply()).slice(0, 9), "554 5.6.0");
  assertEquals(messages, []);
});

Deno.test("smtp makes CR LF of a bare LF in chunks, and a blank of a bare CR", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler);
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT);
  await wire.write(bdat("Subject: x\r\n\r\nline1\nline2\r\n", " LAST"));
  assertEquals((await wire.reply()).slice(0, 9), "250 2.0.0");
  await wire.codes(MAIL, RCPT);
  await wire.write(bdat("a\r") + bdat("\nb\r") + bdat("c\n") + bdat("\n\r", " LAST"));
  for (let i = 0; i < 4; i++) assertEquals((await wire.reply()).slice(0, 3), "250");
  assertEquals(messages, ["Subject: x\r\n\r\nline1\r\nline2\r\n", "a\r\nb c\r\n\r\n "]);
});

Deno.test("line ends are normalized alike however the content is cut", () => {
  const pieces = ["\r", "\n", "\r\n", "x", "\r\r\n", ""];
  for (let round = 0; round < 6 ** 5; round++) {
    const chosen = Array.from({ length: 5 }, (_, i) => pieces[Math.floor(round / 6 ** i) % 6]);
    const wanted = chosen.join("").replace(/\r\n|\r|\n/g, (end) => end === "\r" ? " " : "\r\n");
    const normalizer = new NewlineNormalizer();
    let got = "";
    for (const piece of chosen) {
      const bytes = new TextEncoder().encode(piece);
      const kept = normalizer.push(bytes);
      if (!/[\r\n]/.test(piece) && got !== "" && !got.endsWith("\r")) assert(kept.length >= bytes.length);
      got += new TextDecoder().decode(kept);
    }
    got += new TextDecoder().decode(normalizer.end());
    assertEquals(got, wanted, JSON.stringify(chosen));
  }
});

Deno.test("what follows a refused DATA and is no command is its content, and the end", async () => {
  await using server = await serve({ onData: () => {} });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, "DATA", "RSET", "WHAT"), "250 250 554 250 500");
  assertEquals(await wire.ask("DATA"), "503 5.5.1 MAIL first");
  await wire.write("Subject: x\r\n\r\nMAIL FROM:<evil@x.y>\r\n.\r\n");
  assertEquals(await wire.rest(), "421 4.5.0 DATA was refused: content is not expected\r\n");
});

Deno.test("addresses may lack their brackets where that is allowed", async () => {
  const { handler, mails } = keeping();
  await using server = await serve(handler, { options: { requireBrackets: false } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes(
      EHLO,
      "MAIL FROM:a@B.c SIZE=10",
      "RCPT TO: B@c.d",
      "RCPT TO:x y@z",
      "VRFY TO:x",
      "DATA",
      "x\r\n.",
    ),
    "250 250 250 501 252 354 250",
  );
  const [{ from, reversePath, params, recipients }] = mails;
  assertEquals([from, reversePath, { ...params }], ["a@b.c", "a@B.c", { SIZE: "10" }]);
  assertEquals(recipients.map(({ address, path }) => [address, path]), [["b@c.d", "B@c.d"]]);
});

Deno.test("a handler gets addresses in the form to compare, and as they were written", async () => {
  const { handler, mails } = keeping();
  await using server = await serve({
    ...handler,
    onRcpt: ({ address }) => address.endsWith("@example.org") ? undefined : "550 5.7.1 Not here",
  });
  using wire = await MailWire.greeted(server.port);
  const said = [
    'MAIL FROM:<"Ann"@X.y>',
    'RCPT TO:<@r:"B"@Example.ORG>',
    "RCPT TO:<b@example.net>",
    "DATA",
    "x\r\n.",
  ];
  assertEquals(await wire.codes(EHLO, ...said), "250 250 250 550 354 250");
  assertEquals([mails[0].from, mails[0].reversePath], ["ann@x.y", '"Ann"@X.y']);
  assertEquals({ ...mails[0].recipients[0] }, {
    address: "b@example.org",
    path: '"B"@Example.ORG',
    params: {},
  });
});

Deno.test("a line of content longer than a frame reaches the handler whole", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler);
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  const line = "x".repeat(3 * 1024 ** 2);
  assertEquals(await wire.ask(`A: b\r\n\r\n..${line}\r\n.`), "250 2.0.0 Accepted");
  assert(messages[0] === `A: b\r\n\r\n.${line}\r\n`);
});

for (const [how, begin, end] of [["DATA", "DATA", "\r\n."], ["BDAT", "BDAT 3004 LAST", ""]] as const) {
  Deno.test(`smtp refuses a message by ${how} that is longer than it may be, and goes on`, async () => {
    const { handler, messages } = keeping();
    await using server = await serve(handler, { options: { maxMessageBytes: 1000 } });
    using wire = await MailWire.greeted(server.port);
    await wire.codes(EHLO, MAIL, RCPT);
    await wire.write(`${begin}\r\n`);
    if (how === "DATA") await wire.reply();
    assertEquals(await wire.ask("x\r\n".repeat(1000) + "xx" + end), "552 5.3.4 The message is too long");
    assertEquals(messages, []);
    assertEquals(await wire.codes(MAIL, RCPT), "250 250");
  });
}

Deno.test("smtp takes no more recipients than it may", async () => {
  await using server = await serve({ onData: () => {} }, { options: { maxRecipients: 2 } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, RCPT, RCPT), "250 250 250 250 452");
});

Deno.test("smtp ends a connection that is refused too often", async () => {
  await using server = await serve({ onData: () => {} }, { options: { maxErrors: 3 } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes("A", "B", "C"), "500 500 421");
  assertEquals(await wire.rest(), "");
});

Deno.test("a handler's callbacks may refuse with replies of their own", async () => {
  await using server = await serve({
    onHelo: ({ helo }) => helo === "bad" ? reply("550 5.7.1 Not you") : undefined,
    onMail: ({ from }) => Promise.resolve(from === "" ? "550 5.7.1 Nobody" : "250 2.1.0 Welcome"),
    onRcpt: () => "251 2.1.5 Will forward",
    async onData(content: SmtpContent) {
      for await (const _ of content);
      return { code: 550, enhanced: "5.7.1", lines: ["That is", "spam"] };
    },
  });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.ask("EHLO bad"), "550 5.7.1 Not you");
  assertEquals(await wire.ask(MAIL), "503 5.5.1 EHLO first");
  await wire.ask(EHLO);
  assertEquals(await wire.ask("MAIL FROM:<>"), "550 5.7.1 Nobody");
  assertEquals(await wire.ask(MAIL), "250 2.1.0 Welcome");
  assertEquals(await wire.ask(RCPT), "251 2.1.5 Will forward");
  await wire.ask("DATA");
  assertEquals(await wire.ask("x\r\n."), "550-5.7.1 That is|550 5.7.1 spam");
});

Deno.test("a refusal to connect is the greeting, and the end", async () => {
  await using server = await serve({ onConnect: () => "554 5.7.1 Not from there" });
  using wire = await MailWire.open(server.port);
  assertEquals(await wire.rest(), "554 5.7.1 Not from there\r\n");
});

Deno.test("without onData a message is refused, not lost", async () => {
  await using server = await serve({ onMail: () => {} });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, "DATA"), "250 250 250 554");
});

Deno.test("content that the handler does not read is discarded", async () => {
  const seen: number[] = [];
  await using server = await serve({
    async onData(content) {
      for await (const bytes of content) {
        seen.push(bytes.length);
        return "554 5.7.1 Seen enough";
      }
    },
  });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  await wire.write("A: b\r\n\r\n");
  await until(() => seen.length === 1);
  assertEquals(await wire.ask("x\r\n".repeat(100_000) + "."), "554 5.7.1 Seen enough");
  assertEquals(await wire.codes(MAIL, RCPT), "250 250");
});

Deno.test("while the handler does not ask for more the client is not read from", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  let read = 0;
  let connection: Connection<Reply> | undefined;
  await using server = await serve({
    async onData(content, mail) {
      connection = mail.client.connection as Connection<Reply>;
      for await (const bytes of content) {
        if (read === 0) await go;
        read += bytes.length;
      }
    },
  }, { options: { maxMessageBytes: "1GiB" } });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  const line = "x".repeat(76) + "\r\n";
  const writing = wire.write(line.repeat(400_000) + ".\r\n");
  await until(() => (connection?.bytesRead ?? 0) > 1_000_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert(connection!.bytesRead < 4 * 1024 ** 2, `${connection!.bytesRead} bytes were read`);
  resolve();
  await soon(writing);
  assertEquals(await wire.reply(), "250 2.0.0 Accepted");
  assertEquals(read, line.length * 400_000);
});

Deno.test("content breaks off for the handler when the client goes", async () => {
  const { promise: broken, resolve } = Promise.withResolvers<Error>();
  let signal: AbortSignal | undefined;
  await using server = await serve({
    async onData(content, mail) {
      signal = mail.signal;
      try {
        for await (const _ of content);
      } catch (error) {
        resolve(error as Error);
        throw error;
      }
    },
  });
  const wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  await wire.write("A: b\r\n");
  wire.conn.close();
  assertMatch((await soon(broken)).message, /the client is gone/);
  assert(signal?.aborted);
});

Deno.test("a throw in a callback is a 421, and ends that connection alone", async () => {
  await using server = await serve({
    onMail({ from }) {
      if (from === "bad@x.y") throw new Error("boom");
    },
    onData: () => Promise.reject(new Error("boom")),
  });
  using wire = await MailWire.greeted(server.port);
  using other = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, "MAIL FROM:<bad@x.y>"), "250 421");
  assertEquals(await wire.rest(), "");
  assertEquals(await other.codes(EHLO, MAIL, RCPT, "DATA", "x\r\n."), "250 250 250 354 421");
  assertEquals(server.stats.errors, { handler_error: 2 });
});

for (
  const [what, lines, wire, wanted] of [
    ["a bare LF in a command", [], "NOOP\nQUIT\r\n", "521 5.5.2"],
    ["a bare CR in a command", [], "NOOP\rQUIT\r\n", "521 5.5.2"],
    ["LF . LF in content", [EHLO, MAIL, RCPT, "DATA"], "x\n.\nMAIL FROM:<evil@x>\r\n", "521 5.5.2"],
    ["LF . CR LF in content", [EHLO, MAIL, RCPT, "DATA"], "x\n.\r\nMAIL FROM:<evil@x>\r\n", "521 5.5.2"],
    ["CR . CR in content", [EHLO, MAIL, RCPT, "DATA"], "x\r.\rMAIL FROM:<evil@x>\r\n", "521 5.5.2"],
    ["a line of 2 MiB", [], "x".repeat(2 * 1024 ** 2), "500 5.5.2"],
    ["content in one piece with DATA", [EHLO, MAIL, RCPT], "DATA\r\nA: b\r\n\r\nx\r\n.\r\n", "503 5.5.1"],
    ["a command in one piece with AUTH", [EHLO], "AUTH PLAIN\r\nNOOP\r\n", "503 5.5.1"],
    ["a BDAT without a size", [EHLO, MAIL, RCPT], "BDAT LAST\r\n", "501 5.5.4"],
  ] as const
) {
  Deno.test(`smtp refuses ${what} with ${wanted}, and hears no more`, async () => {
    const { handler, messages } = keeping();
    await using server = await serve(handler);
    using client = await MailWire.greeted(server.port);
    for (const line of lines) await client.ask(line);
    await client.write(wire);
    assertEquals((await client.reply()).slice(0, 9), wanted);
    assertEquals(await client.rest(), "");
    assertEquals(messages, []);
  });
}

for (
  const [line, wanted] of [
    ["x".repeat(3000), "500 5.5.2 Line too long"],
    ["NOOP\tx", "500 5.5.2 Control character or blank where none may be"],
    [" NOOP", "500 5.5.2 Control character or blank where none may be"],
    ["RCPT TO:<" + "x".repeat(3000) + "@x>", "500 5.5.2 Line too long"],
    ["RCPT TO:<b>", "501 5.5.4 Wanted RCPT TO:<address> and parameters"],
    ["RCPT TO:<b@>", "501 5.5.4 Wanted RCPT TO:<address> and parameters"],
    ["RCPT TO:<@example.org>", "501 5.5.4 Wanted RCPT TO:<address> and parameters"],
    [`RCPT TO:<${"\u4e2d".repeat(100)}@x>`, "501 5.1.3 Address too long"],
  ] as const
) {
  Deno.test(`smtp answers ${line.slice(0, 20)} with ${wanted}, and goes on`, async () => {
    await using server = await serve({ onData: () => {} });
    using wire = await MailWire.greeted(server.port);
    await wire.codes(EHLO, `${MAIL} SMTPUTF8`);
    assertEquals(await wire.ask(line), wanted);
    assertEquals(await wire.codes(RCPT, "DATA"), "250 354");
  });
}

Deno.test("an idle client hears why it has to go", async () => {
  await using server = await listen("smtp://127.0.0.1:0", {
    ...{ onData: () => {} } as object,
    options: {},
    limits: { idleTimeout: "200ms" },
  });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.rest(), "421 4.4.2 Timeout\r\n");
});

Deno.test("a service that stops says goodbye, but not in the middle of a message", async () => {
  const { handler, messages } = keeping();
  const server = await serve(handler);
  using idle = await MailWire.greeted(server.port);
  using busy = await MailWire.greeted(server.port);
  await busy.codes(EHLO, MAIL, RCPT, "DATA");
  const closed = server.close();
  assertEquals(await idle.rest(), "421 4.3.2 The service is going down\r\n");
  assertEquals((await busy.ask("x\r\n.")).slice(0, 3), "250");
  assertEquals(await busy.rest(), "421 4.3.2 The service is going down\r\n");
  await soon(closed);
  assertEquals(messages, ["x\r\n"]);
});

Deno.test("a handler of messages is taken as it is", async () => {
  await using server = await listen("smtp://127.0.0.1:0", {
    onConnect: (connection) => void connection.send(reply("220 mine")),
    onMessage: (connection, message) => void connection.send(reply(`250 ${message.verb}`)),
  });
  using wire = await MailWire.open(server.port);
  await wire.write("NOOP\r\n");
  assertEquals(await wire.text(20), "220 mine\r\n250 NOOP\r\n");
});

// TLS and authentication

Deno.test("STARTTLS begins TLS, and forgets who the client was", async () => {
  await using server = await serve(someone, { tls });
  await using client = await MailClient.greeted(server.port);
  assertMatch(await client.ask(EHLO), /\|STARTTLS$/);
  assertMatch(await client.ask(`AUTH PLAIN ${PLAIN}`), /^538 /);
  assertMatch(await client.ask("STARTTLS"), /^220 /);
  assertEquals(await client.ask(MAIL), "503 5.5.1 EHLO first");
  assertMatch(await client.ask("EHLO again"), /\|AUTH PLAIN LOGIN$/);
  assertEquals(await client.ask("STARTTLS"), "503 5.5.1 TLS is on");
  assertEquals(await client.ask(`AUTH PLAIN ${PLAIN}`), "235 2.7.0 Welcome");
  assertEquals(await client.ask(MAIL), "250 2.1.0 ann true again");
});

Deno.test("plaintext behind STARTTLS is never taken for what came by TLS", async () => {
  await using server = await serve(someone, { tls });
  using wire = await MailWire.greeted(server.port);
  await wire.ask(EHLO);
  await wire.write("STARTTLS\r\nMAIL FROM:<evil@x>\r\n");
  const rest = await wire.rest();
  assertEquals(rest.includes("2.1.0"), false, rest);
  assertEquals(server.stats.errors, { plaintext_after_starttls: 1 });
});

for (
  const [what, lines, wanted] of [
    ["PLAIN at once", [`AUTH PLAIN ${PLAIN}`], "235"],
    ["PLAIN when asked", ["AUTH PLAIN", PLAIN], "334 235"],
    ["LOGIN", ["AUTH LOGIN", btoa("ann"), btoa("p\xc3\xa4ssword")], "334 334 235"],
    ["LOGIN with the name at once", [`auth login ${btoa("ann")}`, btoa("p\xc3\xa4ssword")], "334 235"],
    ["a wrong password", [`AUTH PLAIN ${btoa("\0ann\0no")}`, MAIL], "535 250"],
    ["a name to act as", [`AUTH PLAIN ${btoa("bob\0ann\0no")}`], "501"],
    ["second thoughts", ["AUTH LOGIN", "*", "NOOP"], "334 501 250"],
    ["no BASE64", ["AUTH LOGIN", "!", "NOOP"], "334 501 250"],
    ["another mechanism", ["AUTH CRAM-MD5"], "504"],
    ["a second time", [`AUTH PLAIN ${PLAIN}`, `AUTH PLAIN ${PLAIN}`], "235 503"],
    ["in a transaction", [MAIL, `AUTH PLAIN ${PLAIN}`], "250 503"],
    ["guesses", Array(3).fill(`AUTH PLAIN ${btoa("\0ann\0no")}`), "535 535 535"],
  ] as const
) {
  Deno.test(`AUTH with ${what} is answered ${wanted}`, async () => {
    await using server = await serve(someone, { options: { authWithoutTls: true } });
    using wire = await MailWire.greeted(server.port);
    await wire.ask(EHLO);
    assertEquals(await wire.codes(...lines), wanted);
  });
}

Deno.test("a 334 without a text has the blank that RFC 4954 wants", async () => {
  await using server = await serve(someone, { options: { authWithoutTls: true } });
  using wire = await MailWire.greeted(server.port);
  await wire.ask(EHLO);
  assertEquals(await wire.ask("AUTH PLAIN"), "334 ");
  assertEquals(await wire.ask(PLAIN), "235 2.7.0 Welcome");
});

Deno.test("an authentication that is put off is not a failed one", async () => {
  await using server = await serve(
    { ...someone, onAuth: () => "454 4.7.0 Later" },
    { options: { authWithoutTls: true, maxAuthFailures: 1 } },
  );
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes(EHLO, `AUTH PLAIN ${PLAIN}`, `AUTH PLAIN ${PLAIN}`, "NOOP"),
    "250 454 454 250",
  );
});

Deno.test("mail may be taken over TLS only, or from users only", async () => {
  await using server = await serve(someone, { tls, options: { requireTls: true, requireAuth: true } });
  await using client = await MailClient.greeted(server.port);
  await client.ask(EHLO);
  assertEquals(await client.ask(MAIL), "530 5.7.0 Begin TLS first");
  await client.ask("STARTTLS");
  await client.ask(EHLO);
  assertEquals(await client.ask(MAIL), "530 5.7.0 Authenticate first");
  assertEquals(await client.ask(`AUTH PLAIN ${PLAIN}`), "235 2.7.0 Welcome");
  assertMatch(await client.ask(MAIL), /^250 /);
});

Deno.test("smtpHandler makes what listen takes", async () => {
  await using server = await listen(
    "smtp://127.0.0.1:0",
    smtpHandler({ onMail: () => "550 5.7.1 No" }, { hostname: "made.example" }),
  );
  using wire = new MailWire((await MailWire.open(server.port)).conn);
  assertEquals(await wire.reply(), "220 made.example ESMTP");
  assertEquals(await wire.codes(EHLO, MAIL), "250 550");
});

Deno.test("a handler's own options are let be", () => {
  service({ onData: () => {} }, { mine: 1, maxErrors: 3 });
  const reader = new OptionReader({ mine: 1 });
  reader.done({ allowUnknown: true });
  const handler = { onData: () => {} };
  assertEquals(defineSmtp(handler) as unknown, handler);
});

Deno.test("options that say where mail goes are refused beside a handler that takes none", () => {
  for (const options of [{ maildir: "x" }, { relay: { to: "smtp://a:1" } }]) {
    const name = Object.keys(options)[0];
    try {
      service({ onRcpt: () => {} }, options);
    } catch (error) {
      assert(error instanceof SmtpOptionsError);
      assertMatch(
        error.message,
        new RegExp(`options\\.${name} has no effect beside a handler without onData`),
      );
      continue;
    }
    throw new Error(`${name} was taken`);
  }
  service({ onData: () => {} }, { maildir: "mine" });
});
