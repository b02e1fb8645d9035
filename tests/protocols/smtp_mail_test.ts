/**
 * The mail service that needs no handler: Maildirs, the relay, users, the log.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { type Limits, listen } from "@protohost/protohost";
import { hashPassword } from "@protohost/protohost/password";
import { SmtpOptionsError } from "../../protocols/smtp/mod.ts";
import { ReceivedCounter } from "../../protocols/smtp/server/hops.ts";
import { ownerOf } from "../../protocols/smtp/server/network.ts";
import { Rate } from "../../protocols/smtp/server/rate.ts";
import { RelayError, TIMES, Upstream } from "../../protocols/smtp/server/relay.ts";
import { service } from "../../protocols/smtp/server/service.ts";
import { TempFolder } from "../support/program.ts";
import {
  bdat,
  EHLO,
  keeping,
  MAIL,
  RCPT,
  serve,
  serveLogged,
  serveMail,
  someone,
} from "../support/smtp_service.ts";
import { filesIn, MailWire, tls, withoutTrace } from "../support/smtp.ts";
import { until } from "../support/wire.ts";

Deno.test("mail to a Maildir is there before the 250, under Return-Path and Received", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: folder.at("mail") });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  assertMatch(await wire.ask("A: b\r\n\r\n..x\r\n."), /^250 2\.0\.0 Accepted as [0-9a-f-]{36}$/);
  const [message, ...more] = await filesIn(folder.at("mail", "new"));
  assertEquals(more, []);
  assertEquals(withoutTrace(message), "A: b\r\n\r\n.x\r\n");
  assertMatch(
    message,
    /^Return-Path: <a@example.org>\r\nReceived: from client.example \(\[127.0.0.1\]\)\r\n\tby mx.example with ESMTP id \S+\r\n\tfor <b@example.org>;\r\n\t\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\r\n/,
  );
  assertEquals(await filesIn(folder.at("mail", "tmp")), []);
});

Deno.test("a message is copied once to each Maildir, whoever has one", async () => {
  await using folder = new TempFolder();
  const maildir = `${folder.path}/{domain}/{user}`;
  for (const user of ["ann", "bob"]) {
    await Deno.mkdir(folder.at("example.org", user, "new"), { recursive: true });
  }
  for (const user of ["ann", "bob"]) await Deno.mkdir(folder.at("example.org", user, "tmp"));
  await using server = await serveMail({ maildir, domains: ["Example.org"], trace: false });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL);
  assertEquals(
    await wire.codes(
      "RCPT TO:<Ann@example.ORG>",
      "RCPT TO:<ann>",
      "RCPT TO:<bob@example.org>",
      "RCPT TO:<carl@example.org>",
      "RCPT TO:<../ann@example.org>",
      "RCPT TO:<ann@example.net>",
    ),
    "250 501 250 550 550 550",
  );
  assertEquals(await wire.codes("DATA", "x\r\n."), "354 250");
  assertEquals(await filesIn(folder.at("example.org", "ann", "new")), ["x\r\n"]);
  assertEquals(await filesIn(folder.at("example.org", "bob", "new")), ["x\r\n"]);
});

Deno.test("Maildirs are made for recipients if that is wanted", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: `${folder.path}/{user}`, create: true });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, "RCPT TO:<new@x.y>", "DATA", "x\r\n."), "250 250 250 354 250");
  assertEquals((await filesIn(folder.at("new", "new"))).length, 1);
});

Deno.test("nothing stays of a message whose client goes, or that is too long, or cannot be written", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: folder.at("mail"), maxMessageBytes: 1000 });
  const gone = await MailWire.greeted(server.port);
  await gone.codes(EHLO, MAIL, RCPT, "DATA");
  await gone.write("half a message\r\n");
  const drafts = async () => (await Array.fromAsync(Deno.readDir(folder.at("mail", "tmp")))).length;
  await until(async () => await drafts() === 1);
  gone.conn.close();
  await until(async () => await drafts() === 0);
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  assertEquals((await wire.ask("x\r\n".repeat(1000) + ".")).slice(0, 9), "552 5.3.4");
  assertEquals(await filesIn(folder.at("mail", "tmp")), []);
  await Deno.remove(folder.at("mail", "new"), { recursive: true });
  assertEquals(await wire.codes(MAIL, RCPT, "DATA", "x\r\n."), "250 250 354 452");
  assertEquals(await filesIn(folder.at("mail", "tmp")), []);
});

Deno.test("one address sends no more messages in a time than it may, and only messages count", async () => {
  await using folder = new TempFolder();
  await Deno.mkdir(folder.at("b"));
  const { server, lines } = await serveLogged({
    maildir: `${folder.path}/{user}`,
    rate: { messages: 2, per: "1h" },
    maxMessageBytes: 100,
  });
  await using _ = server;
  using wire = await MailWire.greeted(server.port);
  await wire.ask(EHLO);
  for (let i = 0; i < 3; i++) {
    assertEquals(await wire.codes(MAIL, "RCPT TO:<none@example.org>", "RSET"), "250 550 250");
  }
  using other = await MailWire.greeted(server.port);
  assertEquals(await other.codes(EHLO, MAIL, RCPT), "250 250 250");
  assertEquals(await wire.codes(MAIL, RCPT, "DATA", "x\r\n."), "250 250 354 250");
  assertEquals(await wire.codes(MAIL, RCPT, "DATA", "x".repeat(100) + "\r\n."), "250 250 354 552");
  assertEquals(await wire.ask(MAIL), "450 4.7.1 Too many messages, try again later");
  assertEquals(await other.codes("DATA", "x\r\n."), "354 450");
  assertEquals((await filesIn(folder.at("b", "new"))).length, 1);
  assertMatch(lines.join("\n"), /^info: Sender refused from 127\.0\.0\.1: 450 .*, <a@example\.org> /m);
});

for (
  const [what, said, wanted] of [
    ["that is kept", ["DATA", "x\r\n."], /: 250 2\.0\.0 Accepted as \S+$/],
    ["that is too long", ["DATA", "x".repeat(2000) + "\r\n."], /: 552 5\.3\.4 The message is too long$/],
    [
      "that is too long in chunks",
      ["BDAT 2000\r\n" + "x".repeat(1998)],
      /: 552 5\.3\.4 The message is too long$/,
    ],
    [
      "with a bare LF",
      ["DATA", "x\ny\r\n."],
      /: 521 5\.5\.2 Lines end with CR LF; a bare CR or LF is refused$/,
    ],
    ["with a bare LF in a chunk", ["BDAT 4 LAST\r\nx\n"], /: 554 5\.6\.0 Lines end with CR LF; a bare CR/],
    ["that is begun anew", ["BDAT 3\r\nx", "RSET"], /: not taken, the client has started anew$/],
  ] as const
) {
  Deno.test(`the log says of a message ${what} what its client hears`, async () => {
    await using folder = new TempFolder();
    const { server, lines } = await serveLogged({
      maildir: folder.at("mail"),
      maxMessageBytes: 1000,
      bareNewlines: "refuse",
    });
    await using _ = server;
    using wire = await MailWire.greeted(server.port);
    await wire.codes(EHLO, MAIL, RCPT);
    let heard = "";
    for (const line of said) heard = await wire.ask(line);
    await until(() => lines.length > 0, "a line in the log");
    assertEquals(lines.length, 1, lines.join("\n"));
    assertMatch(
      lines[0],
      /^info: Message [0-9a-f-]{36} from 127\.0\.0\.1, <a@example\.org>, for b@example\.org: /,
    );
    assertMatch(lines[0], wanted);
    if (!lines[0].includes("not taken")) assertStringIncludes(lines[0], heard);
  });
}

Deno.test("the log says of a message whose client goes that it was not taken", async () => {
  await using folder = new TempFolder();
  const { server, lines } = await serveLogged({ maildir: folder.at("mail") });
  await using _ = server;
  const wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL, RCPT, "DATA");
  wire.conn.close();
  await until(() => lines.length > 0, "a line in the log");
  assertMatch(lines.join("\n"), /^info: Message \S+ from [^\n]*: not taken, [^\n]+$/);
});

Deno.test("the log tells the address of who is refused", async () => {
  await using folder = new TempFolder();
  await Deno.mkdir(folder.at("ann", "private"), { recursive: true });
  const { server, lines } = await serveLogged({
    maildir: `${folder.path}/{user}`,
    domains: ["example.org"],
    users: { ann: await hashPassword("secret", { ln: 10 }) },
    authWithoutTls: true,
  });
  await using _ = server;
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes(
      EHLO,
      `AUTH PLAIN ${btoa('\0ann"\nx\0wrong')}`,
      "AUTH PLAIN !",
      MAIL,
      "RCPT TO:<none@example.org>",
      "RCPT TO:<ann@example.org>",
      "RCPT TO:<b@example.net>",
    ),
    "250 535 501 250 550 550 550",
  );
  const end = "of mail from <a@example.org> (connection ID)";
  assertEquals(lines.map((line) => line.replace(/connection [^)]+/, "connection ID")), [
    'warn: Authentication failed from 127.0.0.1: as "ann\\"\\nx" (connection ID)',
    "info: Authentication refused from 127.0.0.1: 501 5.5.2 Wanted BASE64 (connection ID)",
    "info: Recipient refused from 127.0.0.1: 550 5.1.1 No such mailbox, <none@example.org> " +
    `${end}; there is no folder ${folder.at("none")}`,
    "info: Recipient refused from 127.0.0.1: 550 5.1.1 No such mailbox, <ann@example.org> " +
    `${end}; ${folder.at("ann")} is not a Maildir: it has no folder "new" and is not empty`,
    `info: Recipient refused from 127.0.0.1: 550 5.7.1 Mail for there is not taken here, <b@example.net> ${end}`,
  ]);
});

for (
  const [what, there, wanted] of [
    ["an empty folder", ["b"], "250"],
    ["some of a Maildir", ["b/cur"], "250"],
    ["a Maildir with more in it", ["b/new", "b/.Sent"], "250"],
    ["other folders", ["b/cur", "b/photos"], "550"],
    ["nothing", ["c"], "550"],
  ] as const
) {
  Deno.test(`where a recipient has ${what} mail to them is answered ${wanted}`, async () => {
    await using folder = new TempFolder();
    for (const path of there) await Deno.mkdir(folder.at(path), { recursive: true });
    await using server = await serveMail({ maildir: `${folder.path}/{user}` });
    using wire = await MailWire.greeted(server.port);
    assertEquals(await wire.codes(EHLO, MAIL, RCPT), `250 250 ${wanted}`);
    if (wanted === "550") return;
    assertEquals(await wire.codes("DATA", "x\r\n."), "354 250");
    assertEquals((await filesIn(folder.at("b", "new"))).length, 1);
  });
}

Deno.test("a part of another Maildir is nobody's", async () => {
  await using folder = new TempFolder();
  for (const name of ["new", "cur", "tmp"]) await Deno.mkdir(folder.at(name));
  await using server = await serveMail({ maildir: `${folder.path}/{user}` });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, "RCPT TO:<new@example.org>"), "250 250 550");
});

Deno.test("users who can never show a password are a warning, once", async () => {
  await using folder = new TempFolder();
  const users = { ann: await hashPassword("secret", { ln: 10 }) };
  const options = { maildir: folder.at("mail"), users };
  for (
    const [options_, more, wanted] of [
      [
        options,
        {},
        /^warn: AUTH is not offered and options\.users has no effect: .*give it tls: \{ cert, key \}/,
      ],
      [
        { ...options, requireTls: true },
        {},
        /^warn: No mail is taken, since options\.requireTls is true and .*give it tls: \{ cert, key \}$/,
      ],
      [{ ...options, authWithoutTls: true }, {}, undefined],
      [options, { tls }, undefined],
    ] as const
  ) {
    const { server, lines } = await serveLogged(options_, more);
    await using _ = server;
    for (let i = 0; i < 2; i++) {
      using wire = await MailWire.greeted(server.port);
      await wire.ask("NOOP");
    }
    assertEquals(lines.length, wanted === undefined ? 0 : 1, lines.join("\n"));
    if (wanted !== undefined) assertMatch(lines[0], wanted);
  }
});

Deno.test("what is regained of a rate is in proportion to the time", () => {
  const rate = new Rate({ messages: 10, perMs: 1000 });
  for (let i = 0; i < 10; i++) assert(rate.take("a", 0));
  assertEquals(rate.take("a", 50), false);
  assert(rate.take("b", 50));
  assert(rate.take("a", 100));
  assertEquals(rate.take("a", 150), false);
  for (let i = 0; i < 10; i++) assert(rate.take("a", 100_000));
  assertEquals(rate.take("a", 100_000), false);
});

Deno.test("users are who their passwords say, and may send to anywhere by the relay", async () => {
  const { handler, messages, mails } = keeping();
  await using upstream = await serve({
    ...handler,
    onRcpt: ({ address }) => address.startsWith("no") ? "550 5.1.1 Unknown there" : undefined,
  });
  await using folder = new TempFolder();
  await using server = await serveMail({
    maildir: folder.at("mail"),
    domains: ["example.org"],
    relay: { to: `smtp://127.0.0.1:${upstream.port}` },
    users: { ann: await hashPassword("secret", { ln: 10 }) },
    authWithoutTls: true,
  });
  using wire = await MailWire.greeted(server.port);
  const far = "RCPT TO:<far@example.net>";
  assertEquals(await wire.codes(EHLO, MAIL, far, RCPT, "RSET"), "250 250 550 250 250");
  assertEquals(await wire.codes(`AUTH PLAIN ${btoa("\0ann\0wrong")}`), "535");
  assertEquals(await wire.codes(`AUTH PLAIN ${btoa("\0bob\0secret")}`), "535");
  assertEquals(await wire.codes(`AUTH PLAIN ${btoa("\0ann\0secret")}`), "235");
  assertEquals(await wire.ask(`${MAIL} SIZE=10 BODY=8BITMIME`), "250 2.1.0 Ok");
  assertEquals(await wire.ask("RCPT TO:<no@example.net>"), "550 5.1.1 Unknown there");
  assertEquals(await wire.codes(far, RCPT), "250 452");
  assertEquals(await wire.codes("DATA"), "354");
  assertEquals(await wire.ask("A: b\r\n\r\n..x\r\n."), "250 2.0.0 Accepted");
  assertEquals(messages.length, 1);
  assertMatch(
    messages[0],
    /^Received: from client.example [^]*with ESMTPA [^]*\+0000\r\nA: b\r\n\r\n\.x\r\n$/,
  );
  assertEquals(mails[0].recipients.map(({ address }) => address), ["far@example.net"]);
  assertEquals({ ...mails[0].params }, { SIZE: "10", BODY: "8BITMIME" });
  await until(() => upstream.stats.open === 0, "the end of the conversation with the relay");
});

Deno.test("a relay takes chunks and hands on lines", async () => {
  const { handler, messages } = keeping();
  await using upstream = await serve(handler);
  await using server = await serveMail({
    relay: { to: `smtp://127.0.0.1:${upstream.port}`, open: true },
    trace: false,
  });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT), "250 250 250");
  await wire.write(bdat(".\r\n.") + bdat("\r\na", " LAST"));
  assertEquals([(await wire.reply()).slice(0, 3), (await wire.reply()).slice(0, 3)], ["250", "250"]);
  assertEquals(messages, [".\r\n.\r\na\r\n"]);
});

Deno.test("what the relay answers to the content is the answer, and a client that goes takes its message along", async () => {
  const { handler, messages } = keeping();
  let broken = 0;
  await using upstream = await serve({
    async onData(content, mail) {
      try {
        await handler.onData!(content, mail);
        return "550 5.7.1 That is spam";
      } catch (error) {
        broken++;
        throw error;
      }
    },
  });
  await using server = await serveMail({ relay: { to: `smtp://127.0.0.1:${upstream.port}`, open: true } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, "DATA"), "250 250 250 354");
  assertEquals(await wire.ask("x\r\n."), "550 5.7.1 That is spam");
  await wire.codes(MAIL, RCPT, "DATA");
  await wire.write("half a message\r\n");
  await until(() => upstream.stats.accepted === 2 && upstream.connections()[0]?.bytesRead > 100);
  wire.conn.close();
  await until(() => broken === 1, "the end of the content");
  assertEquals(messages.length, 1);
});

Deno.test("a relay that is not there, or goes, is a 451", async () => {
  const upstream = await serve({ onData: () => {} });
  const to = `smtp://127.0.0.1:${upstream.port}`;
  await using server = await serveMail({ relay: { to, open: true } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT), "250 250 250");
  await upstream.close({ immediate: true });
  assertEquals(await wire.codes("DATA", "x\r\n."), "354 451");
  assertEquals(await wire.codes(MAIL, RCPT, "DATA"), "250 451 554");
});

Deno.test("a relay is spoken to by TLS where it offers it, and shown a password there only", async () => {
  await using upstream = await serve({
    ...someone,
    onMail: ({ client }) => client.user === "ann" && client.isSecure ? undefined : "550 5.7.1 Who are you?",
  }, { tls });
  const relay = { to: `smtp://127.0.0.1:${upstream.port}`, open: true, user: "ann", password: "pässword" };
  await using server = await serveMail({ relay });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, "DATA"), "250 250 250 354");
  await using plain = await serveMail({ relay: { ...relay, tls: "never" } });
  using other = await MailWire.greeted(plain.port);
  assertEquals(await other.codes(EHLO, MAIL, RCPT), "250 250 451");
  await using strict = await serveMail({ relay: { ...relay, tls: "required" } });
  using third = await MailWire.greeted(strict.port);
  assertEquals(await third.codes(EHLO, MAIL, RCPT), "250 250 451");
});

for (
  const [what, options, wanted] of [
    ["nothing", {}, "neither maildir nor relay"],
    ["a key that there is not", { maildir: "x", mialdir: "y" }, "options has mialdir"],
    [
      "a key that there is not inside",
      { relay: { to: "smtp://a:1", open: true, two: 2 } },
      "options.relay has two",
    ],
    [
      "two mistakes",
      { maildir: 1, trace: "yes" },
      'options.maildir is 1, wanted a text; options.trace is "yes"',
    ],
    ["a password as it is", { maildir: "x", users: { ann: "secret" } }, 'options.users.ann is "(not shown)"'],
    ["a size that is none", { maildir: "x", maxMessageBytes: "much" }, "wanted a size such as 25MiB"],
    ["a relay for everybody", { relay: { to: "smtp://a:1" } }, "anybody could send to anywhere"],
    ["a relay to nowhere", { maildir: "x", relay: { to: "nowhere" } }, "options.relay.to is"],
    [
      "a user without a password",
      { maildir: "x", relay: { to: "smtp://a:1", user: "x" } },
      "user and password",
    ],
    ["a place for something else", { maildir: "./mail/{name}" }, "{user} and {domain}"],
    ["a brace alone", { maildir: "./mail/{user" }, "{user} and {domain}"],
    ["nobody who may send", { maildir: "x", requireAuth: true }, "users too: nobody could send"],
    ["a list", [], "options is []"],
    ["two lines as its name", { maildir: "x", hostname: "a\r\nb" }, "wanted a host name"],
  ] as const
) {
  Deno.test(`options with ${what} are refused, with what is wrong`, () => {
    try {
      service(undefined, options);
    } catch (error) {
      assert(error instanceof SmtpOptionsError);
      assertEquals(error.code, "bad_options");
      return assertStringIncludes(error.message, wanted);
    }
    throw new Error("they were taken");
  });
}

// Maildirs that are made

Deno.test("a Maildir is made for a message, not for a recipient, and stays only if the message does", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({
    maildir: `${folder.path}/{user}`,
    create: true,
    maxMessageBytes: 100,
  });
  const made = async () =>
    (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name).toSorted();
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes(EHLO, MAIL, ...Array.from({ length: 50 }, (_, i) => `RCPT TO:<u${i}@x.y>`)),
    Array(52).fill("250").join(" "),
  );
  assertEquals(await made(), []);
  assertEquals(
    await wire.codes("RSET", MAIL, "RCPT TO:<a@x.y>", "RCPT TO:<b@x.y>", "DATA"),
    "250 250 250 250 354",
  );
  assertEquals(await wire.ask("x".repeat(200) + "\r\n."), "552 5.3.4 The message is too long");
  assertEquals(await made(), []);
  const gone = await MailWire.greeted(server.port);
  await gone.codes(EHLO, MAIL, "RCPT TO:<c@x.y>", "DATA");
  await gone.write("half a message\r\n");
  await until(async () => (await made()).includes("c"), "the Maildir of c");
  gone.conn.close();
  await until(async () => (await made()).length === 0, "no Maildir");
  assertEquals(await wire.codes(MAIL, "RCPT TO:<a@x.y>", "DATA", "x\r\n."), "250 250 354 250");
  assertEquals(await made(), ["a"]);
  assertEquals((await Array.fromAsync(Deno.readDir(folder.at("a")))).map(({ name }) => name).toSorted(), [
    "cur",
    "new",
    "tmp",
  ]);
});

Deno.test("a Maildir that one message is kept in stays when another is not", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: `${folder.path}/{user}`, create: true });
  const drafts = async () =>
    (await Array.fromAsync(Deno.readDir(folder.at("b", "tmp"))).catch(() => [])).length;
  using first = await MailWire.greeted(server.port);
  using second = await MailWire.greeted(server.port);
  await first.codes(EHLO, MAIL, RCPT, "DATA");
  await first.write("x\r\n");
  await until(
    async () => await drafts() === 1,
    "the first in tmp",
  );
  await second.codes(EHLO, MAIL, RCPT, "DATA");
  await second.write("y\r\n");
  await until(async () => await drafts() === 2, "both in tmp");
  first.conn.close();
  await until(async () => await drafts() === 1, "the first gone");
  assertEquals((await second.ask(".")).slice(0, 3), "250");
  assertEquals((await filesIn(folder.at("b", "new"))).map(withoutTrace), ["y\r\n"]);
});

Deno.test("a mailbox that is removed is not a mailbox any more", async () => {
  await using folder = new TempFolder();
  await Deno.mkdir(folder.at("b"));
  await using server = await serveMail({ maildir: `${folder.path}/{user}` });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, "DATA", "x\r\n."), "250 250 250 354 250");
  await Deno.remove(folder.at("b"), { recursive: true });
  assertEquals(await wire.ask(MAIL), "250 2.1.0 Ok");
  assertEquals(await wire.ask(RCPT), "550 5.1.1 No such mailbox");
  assertEquals(await wire.ask(RCPT), "550 5.1.1 No such mailbox");
});

Deno.test("a mailbox is its owner's alone: letters that look alike, and names that are too long", async () => {
  await using folder = new TempFolder();
  for (const name of ["kate", "j\u00f6rg"]) await Deno.mkdir(folder.at(`m-${name}`));
  await using server = await serveMail({ maildir: `${folder.path}/m-{user}` });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, `${MAIL} SMTPUTF8`);
  for (
    const [user, wanted] of [
      ["KATE", "250 2.1.5 Ok"],
      ["\u212aate", "550 5.1.1 No such mailbox"],
      ["J\u00d6RG", "250 2.1.5 Ok"],
      ["jo\u0308rg", "250 2.1.5 Ok"],
      ["\u4e2d".repeat(84), "550 5.1.1 No such mailbox"],
      ["\u4e2d".repeat(85), "501 5.1.3 Address too long"],
    ]
  ) {
    assertEquals(await wire.ask(`RCPT TO:<${user}@x>`), wanted, user);
  }
});

Deno.test("a name that is too long for the disk is refused where Maildirs are made, too", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: `${folder.path}/mailbox-{user}`, create: true });
  using wire = await MailWire.greeted(server.port);
  await wire.codes(EHLO, MAIL);
  assertEquals(await wire.ask(`RCPT TO:<${"x".repeat(252)}@x>`), "550 5.1.1 No such mailbox");
});

// Loops, and what bounds a relay

for (const [what, count] of [["itself", 1], ["a relay that relays to it", 2]] as const) {
  Deno.test(`a relay to ${what} is a loop, found before it has opened many connections`, async () => {
    const ports = Array.from({ length: count }, () => freePort());
    const servers = await Promise.all(ports.map((port, i) =>
      listen(`smtp://127.0.0.1:${port}`, {
        options: {
          hostname: `r${i}.example`,
          relay: { to: `smtp://127.0.0.1:${ports[(i + 1) % count]}`, open: true },
        },
      })
    ));
    try {
      using wire = await MailWire.greeted(ports[0]);
      assertEquals(await wire.codes(EHLO, MAIL), "250 250");
      assertEquals(await wire.ask("RCPT TO:<z@loop.test>"), "554 5.4.6 Mail loop: too many hops");
      assertEquals(servers.reduce((sum, { stats }) => sum + stats.accepted, 0), 17);
      await until(
        () => servers.reduce((sum, { stats }) => sum + stats.open, 0) === 1,
        "the end of the others",
      );
    } finally {
      for (const server of servers) await server.close({ immediate: true });
    }
  });
}

Deno.test("a relay tells the next one how many have the transaction open, and nobody else may", async () => {
  const params: unknown[] = [];
  await using last = await serveMail({ relay: { to: "smtp://127.0.0.1:1", open: true } });
  await using plain = await serve({ ...someone, onMail: (mail) => void params.push({ ...mail.params }) });
  await using server = await serveMail({ relay: { to: `smtp://127.0.0.1:${plain.port}`, open: true } });
  using wire = await MailWire.greeted(server.port);
  assert((await wire.ask(EHLO)).includes("250-XHOPS|") || (await wire.ask(EHLO)).endsWith("250 XHOPS"));
  assertEquals(await wire.codes("MAIL FROM:<a@b> XHOPS=x", "MAIL FROM:<a@b> XHOPS=15", RCPT), "501 250 250");
  assertEquals(params, [{}]);
  using direct = await MailWire.greeted(plain.port);
  assertEquals(await direct.codes(EHLO, "MAIL FROM:<a@b> XHOPS=1"), "250 555");
  using next = await MailWire.greeted(last.port);
  assertEquals(await next.codes(EHLO), "250");
  assertEquals(await next.ask("MAIL FROM:<a@b> XHOPS=16"), "554 5.4.6 Mail loop: too many hops");
});

Deno.test("a message with more Received lines than may be is in a loop, and nothing is kept of it", async () => {
  await using folder = new TempFolder();
  const { handler, messages } = keeping();
  await using next = await serve(handler);
  await using keeps = await serveMail({ maildir: folder.at("mail") });
  await using relays = await serveMail({
    relay: { to: `smtp://127.0.0.1:${next.port}`, open: true },
    maxHops: 3,
  });
  const content = (count: number) =>
    "Subject: x\r\n" + "received: from x\r\n by y\r\n".repeat(count) + "\r\n" +
    "Received: in the body\r\n".repeat(200) + ".";
  using wire = await MailWire.greeted(keeps.port);
  await wire.ask(EHLO);
  assertEquals(await wire.codes(MAIL, RCPT, "DATA", content(100)), "250 250 354 250");
  assertEquals(await wire.codes(MAIL, RCPT, "DATA"), "250 250 354");
  assertEquals(await wire.ask(content(101)), "554 5.4.6 Mail loop: too many hops");
  assertEquals((await filesIn(folder.at("mail", "new"))).length, 1);
  assertEquals(await filesIn(folder.at("mail", "tmp")), []);
  using other = await MailWire.greeted(relays.port);
  await other.ask(EHLO);
  assertEquals(await other.codes(MAIL, RCPT, "DATA", content(3)), "250 250 354 250");
  assertEquals(await other.codes(MAIL, RCPT, "DATA"), "250 250 354");
  assertEquals(await other.ask(content(4)), "554 5.4.6 Mail loop: too many hops");
  assertEquals(messages.length, 1);
});

Deno.test("Received lines are counted in the header, however it is cut", () => {
  for (
    const [content, wanted] of [
      ["Received: a\r\nRECEIVED: b\r\n\r\nReceived: c\r\n", 2],
      ["Received-SPF: a\r\nX-Received: b\r\n Received: c\r\nreceived:d\r\n", 1],
      ["\r\nReceived: a\r\n", 0],
      ["Received: a\n\nReceived: b\n", 1],
      ["", 0],
    ] as const
  ) {
    for (const step of [1, 2, 3, 7, 100]) {
      const counter = new ReceivedCounter();
      const bytes = new TextEncoder().encode(content);
      let count = 0;
      for (let at = 0; at < bytes.length; at += step) count = counter.count(bytes.subarray(at, at + step));
      assertEquals(count, wanted, `${JSON.stringify(content)}, ${step} at a time`);
    }
  }
});

Deno.test("a relay opens no more connections to the next server than it may", async () => {
  await using next = await serve(someone);
  const { server, lines } = await serveLogged({
    relay: { to: `smtp://127.0.0.1:${next.port}`, open: true, connections: 2 },
  });
  await using _ = server;
  const wires = await Promise.all(Array.from({ length: 3 }, () => MailWire.greeted(server.port)));
  for (const wire of wires) assertEquals(await wire.codes(EHLO, MAIL), "250 250");
  assertEquals([await wires[0].ask(RCPT), await wires[1].ask(RCPT)].map((line) => line.slice(0, 3)), [
    "250",
    "250",
  ]);
  assertEquals(await wires[2].ask(RCPT), "451 4.3.2 Too many messages to relay, try again later");
  assertStringIncludes(lines.join("\n"), "there are 2 connections to the next server, as many as may be");
  assertEquals(await wires[0].codes("RSET"), "250");
  assertEquals(await wires[2].codes(RCPT), "250");
  for (const wire of wires) wire.conn.close();
});

Deno.test("a relay passes on a line of any length", async () => {
  const { handler, messages } = keeping();
  await using next = await serve(handler);
  await using server = await serveMail({
    relay: { to: `smtp://127.0.0.1:${next.port}`, open: true },
    trace: false,
  });
  using wire = await MailWire.greeted(server.port);
  const line = "x".repeat(3 * 1024 ** 2);
  assertEquals(
    await wire.codes(EHLO, MAIL, RCPT, "DATA", `A: b\r\n\r\n..${line}\r\n..\r\n.`),
    "250 250 250 354 250",
  );
  assert(messages[0] === `A: b\r\n\r\n.${line}\r\n.\r\n`);
  await wire.codes(MAIL, RCPT);
  await wire.write(bdat(`.${line}`) + bdat(".\r") + bdat("\n.\r\n", " LAST"));
  for (let i = 0; i < 3; i++) assertEquals((await wire.reply()).slice(0, 3), "250");
  assert(messages[1] === `.${line}.\r\n.\r\n`);
});

Deno.test("a next server that is silent is given up in time, and the client told to come again", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const to = `smtp://127.0.0.1:${listener.addr.port}`;
  const relay = { to, tls: "never", insecure: false, open: true, connections: 1 } as const;
  const accepted = listener.accept();
  const { signal } = new AbortController();
  const untilMs = performance.now() + 200;
  const error = await assertRejects(
    () => Upstream.open(relay, { hostname: "a.b", signal, untilMs }),
    RelayError,
  );
  assertEquals(
    error.message,
    "Cannot relay the message: the next server has not answered the connection in time",
  );
  assertEquals(error.reply.code, 451);
  (await accepted).close();
});

Deno.test("a client and the next server have the time that RFC 5321 gives them", async () => {
  let limits: Limits | undefined;
  await using server = await serve({ onHelo: ({ connection }) => void (limits = connection.limits) });
  using wire = await MailWire.greeted(server.port);
  await wire.ask(EHLO);
  assert(
    limits!.frameTimeoutMs >= 300_000 && limits!.idleTimeoutMs >= 300_000,
    "less than 5 minutes for a line",
  );
  assert(
    limits!.handlerTimeoutMs > TIMES.contentMs,
    "less for the answer to content than the next server has",
  );
  assertEquals(TIMES.contentMs, 600_000);
  assert(TIMES.recipientMs < 300_000, "the client has gone before it hears of a recipient");
});

// Who has how much of what

Deno.test("guesses from one address do not keep a user of another waiting", async () => {
  const users = { ann: await hashPassword("secret", { ln: 14 }) };
  await using server = await listen("smtp://127.0.0.1:0", {
    options: { hostname: "mx.example", relay: { to: "smtp://127.0.0.1:1" }, users, authWithoutTls: true },
    acceptProxyProtocol: ["127.0.0.1"],
  });
  const from = async (address: string) => {
    const { conn } = await MailWire.open(server.port);
    const wire = new MailWire(conn);
    await wire.write(`PROXY TCP4 ${address} 127.0.0.1 1 2\r\n`);
    await wire.reply();
    await wire.ask(EHLO);
    return wire;
  };
  const guessers = await Promise.all(Array.from({ length: 100 }, () => from("192.0.2.1")));
  const guess = `AUTH PLAIN ${btoa("\0ann\0wrong")}`;
  const guesses = guessers.map((wire) => wire.ask(guess).catch(() => "gone"));
  using user = await from("192.0.2.2");
  const begin = performance.now();
  assertEquals(await user.ask(`AUTH PLAIN ${btoa("\0ann\0secret")}`), "235 2.7.0 Welcome");
  const tookMs = performance.now() - begin;
  const replies = await Promise.all(guesses);
  const count = (code: string) => replies.filter((reply) => reply.startsWith(code)).length;
  assertEquals(count("535") + count("454"), 100);
  assert(count("454") >= 80, `${count("454")} were put off`);
  assert(tookMs < 10_000, `took ${tookMs} ms`);
  for (const wire of guessers) wire.conn.close();
});

Deno.test("a rate goes by a clock that nobody sets", async () => {
  await using folder = new TempFolder();
  await using server = await serveMail({ maildir: folder.at("mail"), rate: { messages: 1, per: "1h" } });
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes(EHLO, MAIL, RCPT, "DATA", "x\r\n.", MAIL), "250 250 250 354 250 450");
  const { now } = Date;
  try {
    Date.now = () => now() + 86_400_000;
    assertEquals(await wire.codes(MAIL), "450");
  } finally {
    Date.now = now;
  }
});

for (
  const [address, owner] of [
    ["192.0.2.1", "192.0.2.1"],
    ["local", "local"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:ffff::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::ffff:c000:201", "::ffff:c000:201"],
  ] as const
) {
  Deno.test(`limits count ${address} as ${owner}`, () => assertEquals(ownerOf(address), owner));
}

/** A port that nobody has for now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
