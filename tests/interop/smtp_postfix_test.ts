/**
 * SMTP before postfix, and postfix as the client: what goes through unchanged, what hooks change and see inside TLS, what
 * postfix alone would have been deceived by, and commands that come many at a time.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bytes, close, defineHooks, listen, on, repeat, replace, sequence, step } from "@protohost/protohost";
import type { LinesPart } from "../../protocols/smtp/mod.ts";
import { lacksPostfix, Postfix } from "../support/postfix.ts";
import { TempFolder } from "../support/program.ts";
import { DIALOGUE, guard, MESSAGE, TRANSACTION, transcript, watching } from "../support/smtp_guard.ts";
import { filesIn, lacks, MailWire, run, tls, withoutTrace } from "../support/smtp.ts";
import { until } from "../support/wire.ts";

const TWO_CA = new URL("../fixtures/tls/two.crt", import.meta.url);
/** Postfix behind a guard that knows it by its own certificate, which no client sees. */
const upstreamTls = { ca: TWO_CA.href, serverName: "two.test" };
/** Postfix can do no AUTH without a program more: there is no 334 to answer. */
const SAID = DIALOGUE.filter((line) => !line.startsWith("> "));

function postfixTest(name: string, programs: string[], test: () => Promise<void>): void {
  Deno.test({ name, ignore: lacksPostfix || lacks(...programs), fn: test });
}

/** Replies without what is another one each time. */
function comparable(replies: string[]): string[] {
  return replies.map((reply) => reply.replace(/queued as \w+/, "queued"));
}

postfixTest("before postfix in plaintext the transcript is the same", [], async () => {
  await using postfix = await Postfix.start();
  const { hooks, seen } = watching();
  await using server = await guard(postfix.port, hooks);
  const direct = comparable(await transcript(postfix.port, SAID));
  assertEquals(comparable(await transcript(server.port, SAID)), direct);
  assertEquals(direct.filter((reply) => reply.includes("Ok: queued")).length, 2);
  assertEquals(await postfix.delivered(4), Array(4).fill(MESSAGE.replaceAll("\r\n", "\n")));
  assertEquals(server.stats.errors, {});
  assertEquals(
    seen.slice(0, 22).join(" "),
    "220 EHLO 250 NOOP 250 VRFY 252 RCPT 503 MAIL 250 RCPT 250 DATA 354 HEADER EOH BODY 250 AUTH 503 AUTH",
  );
});

postfixTest(
  "before postfix with STARTTLS the transcript is the same, each side by its own certificate",
  [],
  async () => {
    await using postfix = await Postfix.start({ secure: true });
    const { hooks, seen } = watching();
    await using server = await guard(postfix.port, hooks, { upstreamTls });
    const said = ["EHLO client.example", "STARTTLS", ...SAID];
    const direct = comparable(await transcript(postfix.port, said, "two"));
    assertEquals(comparable(await transcript(server.port, said, "one")), direct);
    assertStringIncludes(direct[0], "STARTTLS");
    assertMatch(direct[1], /^220 /);
    assertEquals(await postfix.delivered(4), Array(4).fill(MESSAGE.replaceAll("\r\n", "\n")));
    assertEquals(server.stats.errors, {});
    assertEquals(seen.slice(0, 10).join(" "), "220 EHLO 250 STARTTLS 220 EHLO 250 NOOP 250 VRFY");
  },
);

postfixTest("chunks and a pipeline come out of postfix as without the guard", [], async () => {
  await using postfix = await Postfix.start();
  await using server = await guard(postfix.port, watching().hooks);
  const talk = async (port: number) => {
    using wire = await MailWire.greeted(port);
    const hello = await wire.ask("EHLO a.b");
    await wire.write(
      "MAIL FROM:<a@b.c>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<b@else.where>\r\n" +
        "BDAT 8\r\nA: b\r\n\r\nBDAT 6 LAST\r\n.\r\nx\r\nMAIL FROM:<a@b.c>\r\nRSET\r\nQUIT\r\n",
    );
    return comparable([...hello.split("|"), ...(await wire.rest()).split("\r\n")]);
  };
  const direct = await talk(postfix.port);
  assertEquals(await talk(server.port), direct);
  assertEquals(
    direct.slice(-9).map((line) => line.slice(0, 9)).join(", "),
    "250 2.1.0, 250 2.1.5, 454 4.7.1, 250 2.0.0, 250 2.0.0, 250 2.1.0, 250 2.0.0, 221 2.0.0, ",
  );
  assertEquals(await postfix.delivered(2), Array(2).fill("A: b\n\n.\nx\n"));
});

postfixTest("before postfix a sequence ends inside TLS what it sees there", [], async () => {
  await using postfix = await Postfix.start({ secure: true });
  const fired: string[] = [];
  const refused = step("454", { direction: "out" });
  await using server = await guard(
    postfix.port,
    defineHooks([
      sequence(["STARTTLS", "MAIL", repeat(refused, 3)], ({ connection }) => {
        fired.push(connection.transport);
        return close({ code: 421, enhanced: "4.7.0", lines: ["No more guesses"] });
      }),
    ]),
    { upstreamTls },
  );
  const said = [
    "EHLO a.b",
    "STARTTLS",
    "EHLO a.b",
    "MAIL FROM:<a@b.c>",
    ...Array(3).fill("RCPT TO:<x@else.where>"),
  ];
  const answers = await transcript(server.port, said);
  assertEquals(answers.slice(-3).map((line) => line.slice(0, 9)), ["454 4.7.1", "454 4.7.1", "421 4.7.0"]);
  assertEquals(fired, ["tls"]);
});

postfixTest("swaks, by TLS and all at once, brings postfix what a hook has tagged", ["swaks"], async () => {
  await using postfix = await Postfix.start({ secure: true });
  await using server = await guard(
    postfix.port,
    defineHooks([
      on<LinesPart>("EOH", ({ message }) => replace({ ...message, bytes: bytes("X-Tag: yes\r\n\r\n") })),
    ]),
    { upstreamTls },
  );
  const { code, output } = await run("swaks", [
    ..."--tls --pipeline --from a@b.c --to b@example.org,c@example.org --helo a.b --body".split(" "),
    ...[".a dot", "--server", `127.0.0.1:${server.port}`],
  ]);
  assertEquals(code, 0, output);
  const messages = await postfix.delivered(2);
  for (const message of messages) assertMatch(message, /\nX-Tag: yes\n\n\.a dot\n+$/);
  assertEquals(messages.length, 2);
});

postfixTest("of 300 messages of smtp-source each reaches postfix once", ["smtp-source"], async () => {
  await using postfix = await Postfix.start();
  await using server = await guard(postfix.port, watching().hooks);
  const args = "-s 10 -m 300 -l 3000 -f a@example.org -t b@example.org".split(" ");
  const { code, output } = await run("smtp-source", [...args, `127.0.0.1:${server.port}`]);
  assertEquals(code, 0, output);
  const messages = await postfix.delivered(300);
  assertEquals(messages.length, 300);
  assertEquals(new Set(messages.map((message) => /^Message-Id: (.*)$/mi.exec(message)![1])).size, 300);
  assertEquals(new Set(messages.map((message) => message.split("\n\n")[1])).size, 1);
  // It does not wait for the reply to its QUIT.
  assertEquals(Object.keys(server.stats.errors).filter((code) => code !== "connection_reset"), []);
});

const EVIL =
  "MAIL FROM:<evil@x>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nevil\r\n.\r\n";

postfixTest(
  "what smuggles a message past others into postfix gets no further than the guard",
  [],
  async () => {
    await using postfix = await Postfix.start();
    await using server = await guard(postfix.port, watching().hooks);
    const attack = async (port: number, end: string) => {
      using wire = await MailWire.greeted(port);
      const codes = await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 3));
      assertEquals(codes, "250 250 250 354");
      await wire.write(`Subject: first\r\n\r\nx${end}${EVIL}QUIT\r\n`);
      return await wire.rest();
    };
    const ends = {
      "LF . LF": "\n.\n",
      "LF . CR LF": "\n.\r\n",
      "CR LF . LF": "\r\n.\n",
      "CR LF . CR CR LF": "\r\n.\r\r\n",
    };
    // Those that postfix takes for an end; it takes the others for content.
    for (const [name, end] of [...Object.entries(ends), ["CR . CR", "\r.\r"], ["CR LF . CR", "\r\n.\r"]]) {
      assertMatch(await attack(server.port, end), /^521 5\.5\.2 [^\r\n]*\r\n$/, name);
    }
    await until(async () => (await postfix.log()).match(/disconnect from/g)?.length === 6, "the end of all");
    await postfix.idle();
    assertEquals(await postfix.messages(), []);
    // So that it is seen what this is about.
    for (const [name, end] of Object.entries(ends)) {
      const said = await attack(postfix.port, end);
      assertEquals(said.match(/queued as/g)?.length, 2, `${name}: ${said}`);
    }
    const messages = await postfix.delivered(8);
    assertEquals(messages.filter((message) => message.includes("Subject: smuggled")).length, 4);
  },
);

postfixTest(
  "postfix as a client, with TLS and many recipients at once, delivers to the Maildir",
  [],
  async () => {
    await using folder = new TempFolder();
    const options = { hostname: "mx.example", maildir: folder.at("mail") };
    await using mail = await listen("smtp://127.0.0.1:0", { options, tls });
    const { hooks, seen } = watching();
    await using server = await guard(mail.port, hooks);
    await using postfix = await Postfix.start({
      more: {
        default_transport: "smtp",
        relayhost: `[127.0.0.1]:${server.port}`,
        mynetworks: "127.0.0.0/8",
        smtp_tls_security_level: "encrypt",
        smtp_dns_support_level: "disabled",
      },
    });
    using wire = await MailWire.greeted(postfix.port);
    const names = Array.from({ length: 30 }, (_, i) => `${i}@far.example`);
    const codes = await wire.codes(
      "EHLO a.b",
      "MAIL FROM:<a@b.c>",
      ...names.map((name) => `RCPT TO:<${name}>`),
    );
    assertEquals(new Set(codes.split(" ")), new Set(["250"]));
    const body = Array.from({ length: 500 }, (_, i) => `${i % 2 === 0 ? "." : ""}line ${i}\r\n`).join("");
    const stuffed = body.replaceAll(/^\./gm, "..");
    assertEquals(await wire.codes("DATA", `Subject: far\r\n\r\n${stuffed}.`), "354 250");
    await until(async () => (await filesIn(folder.at("mail", "new"))).length === 1, "the delivery");
    const [message] = await filesIn(folder.at("mail", "new"));
    assertStringIncludes(message, "with ESMTPS id");
    // Behind the lines of this server comes one of postfix.
    assertEquals(
      withoutTrace(withoutTrace(message)).replace(/^Received: .*\r\n(?:\t.*\r\n)*/, ""),
      `Subject: far\r\n\r\n${body}`,
    );
    await until(() => seen.includes("221"), "the end of the conversation");
    const from = seen.indexOf("MAIL");
    assertEquals(
      seen.slice(from, from + 32).join(" "),
      ["MAIL", ...Array(30).fill("RCPT"), "DATA"].join(" "),
    );
    assertEquals([mail.stats.errors, server.stats.errors], [{}, {}]);
  },
);
