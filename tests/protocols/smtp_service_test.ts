import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type Connection,
  listen,
  type Server,
  type ServiceContext,
  type ServiceLog,
  text,
  type WriteLog,
} from "@protohost/protohost";
import { hashPassword } from "@protohost/protohost/password";
import {
  defineSmtp,
  type Mail,
  type Reply,
  reply,
  type SmtpContent,
  type SmtpHandler,
  smtpHandler,
  SmtpOptionsError,
} from "../../protocols/smtp/mod.ts";
import { OptionReader } from "../../protocols/smtp/server/option_reader.ts";
import { Rate } from "../../protocols/smtp/server/rate.ts";
import { service } from "../../protocols/smtp/server/service.ts";
import { TempFolder } from "../support/program.ts";
import { filesIn, MailClient, MailWire, tls, withoutTrace } from "../support/smtp.ts";
import { soon, until } from "../support/wire.ts";

const EHLO = "EHLO client.example";
const MAIL = "MAIL FROM:<a@example.org>";
const RCPT = "RCPT TO:<b@example.org>";

/** A service of a handler's. */
async function serve(
  handler: SmtpHandler,
  { options = {}, ...more }: { options?: Record<string, unknown>; tls?: typeof tls } = {},
): Promise<Server> {
  const given = { hostname: "mx.example", ...options };
  return await listen("smtp://127.0.0.1:0", { ...handler as object, options: given, ...more });
}

/** A service from options alone. */
async function serveMail(options: Record<string, unknown>, more: { tls?: typeof tls } = {}): Promise<Server> {
  return await serve({}, { options, ...more });
}

/** A service from options alone, and what it logs: a line each, behind its level. */
async function serveLogged(
  options: Record<string, unknown>,
  more: { tls?: typeof tls } = {},
): Promise<{ server: Server; lines: string[] }> {
  const lines: string[] = [];
  const at = (level: string): WriteLog => (template, properties = {}) =>
    void lines.push(`${level}: ${template.replace(/\{([^{}]*)\}/g, (_, name) => `${properties[name]}`)}`);
  const log = Object.fromEntries(
    ["trace", "debug", "info", "warn", "warning", "error", "fatal"].map((level) => [level, at(level)]),
  ) as unknown as ServiceLog;
  const handler = service(undefined, { hostname: "mx.example", ...options });
  const server = await listen("smtp://127.0.0.1:0", {
    ...handler,
    onStart: (context: ServiceContext) => handler.onStart?.({ ...context, log }),
    ...more,
  } as object);
  return { server, lines };
}

/** A handler that keeps what it gets. */
function keeping(): { messages: string[]; mails: Mail[]; handler: SmtpHandler } {
  const messages: string[] = [];
  const mails: Mail[] = [];
  const handler: SmtpHandler = {
    async onData(content, mail) {
      let message = "";
      for await (const bytes of content) message += text(bytes);
      messages.push(message);
      mails.push(mail);
    },
  };
  return { messages, mails, handler };
}

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

/** A chunk with the command before it. */
function bdat(content: string, last = ""): string {
  return `BDAT ${content.length}${last}\r\n${content}`;
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
  await using server = await serve(handler);
  using wire = await MailWire.greeted(server.port);
  const chunk = bdat("QUIT\r\n", " LAST");
  await wire.write(`${EHLO}\r\n${chunk}${MAIL}\r\n${chunk}${RCPT}\r\n${bdat("\n")}${chunk}NOOP\r\n`);
  const codes: string[] = [];
  for (let i = 0; i < 8; i++) codes.push((await wire.reply()).slice(0, 3));
  assertEquals(codes.join(" "), "250 503 250 554 250 554 503 250");
  assertEquals(messages, []);
});

Deno.test("smtp refuses a bare LF that two chunks hide", async () => {
  const { handler, messages } = keeping();
  await using server = await serve(handler);
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

const someone: SmtpHandler = {
  onAuth: ({ user, password, mechanism }) => `${user}:${password}` === "ann:pässword" && mechanism !== "",
  onMail: ({ client }) => `250 2.1.0 ${client.user} ${client.isSecure} ${client.helo}`,
  onData: () => {},
};
const PLAIN = btoa(String.fromCharCode(...new TextEncoder().encode("\0ann\0pässword")));

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

// The service from options alone

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
    ["that is begun anew", ["BDAT 3\r\nx", "RSET"], /: not taken, the client has begun anew$/],
  ] as const
) {
  Deno.test(`the log says of a message ${what} what its client hears`, async () => {
    await using folder = new TempFolder();
    const { server, lines } = await serveLogged({ maildir: folder.at("mail"), maxMessageBytes: 1000 });
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
    `${end}; ${folder.at("ann")} is no Maildir: there is no folder new in it, nor is it empty`,
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
        /^warn: AUTH is not offered, and options\.users is for nothing: .*give it tls: \{ cert, key \}/,
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
