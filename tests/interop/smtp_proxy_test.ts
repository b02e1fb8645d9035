/**
 * SMTP before real servers: aiosmtpd, with and without TLS, and the mail service itself; what goes through unchanged, what
 * hooks change, and what gets through nowhere.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  bytes,
  close,
  defineHooks,
  type HookModule,
  listen,
  type ListenOptions,
  on,
  repeat,
  replace,
  reply,
  sequence,
  type Server,
  step,
  text,
} from "@protohost/protohost";
import { hashPassword } from "@protohost/protohost/password";
import smtp, { type Command, type LinesPart, type SmtpHandler } from "../../protocols/smtp/mod.ts";
import antiAbuse from "../../examples/hooks/anti_abuse.ts";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { DIALOGUE, guard, MESSAGE, TRANSACTION, transcript, watching } from "../support/smtp_guard.ts";
import { filesIn, lacks, MailClient, MailWire, run, tls, withoutTrace } from "../support/smtp.ts";
import { soon, until } from "../support/wire.ts";

const python = "/usr/bin/python3";
const fixture = (path: string) => fromFileUrl(new URL(`../fixtures/${path}`, import.meta.url));

/** aiosmtpd in a process of its own. */
class RealServer implements AsyncDisposable {
  readonly folder: TempFolder = new TempFolder();
  readonly #process: Deno.ChildProcess;
  #gone: Promise<void> | undefined;
  port = 0;

  private constructor(secure: boolean) {
    const pair = secure ? [fixture("tls/two.crt"), fixture("tls/two.key")] : [];
    const args = [fixture("mail_server.py"), this.folder.path, ...pair];
    this.#process = new Deno.Command(python, { args, stdout: "piped", stderr: "null" }).spawn();
  }

  static async start({ secure = false } = {}): Promise<RealServer> {
    const server = new RealServer(secure);
    const reader = server.#process.stdout.getReader();
    const { value = new Uint8Array() } = await soon(reader.read(), "the port of aiosmtpd");
    server.port = Number(text(value));
    server.#gone = (async () => {
      while (!(await reader.read()).done);
    })();
    return server;
  }

  async messages(): Promise<string[]> {
    return await filesIn(this.folder.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#gone;
    await this.folder[Symbol.asyncDispose]();
  }
}

const lacksAiosmtpd = Deno.env.get("CI") === undefined &&
  (await run(python, ["-c", "import aiosmtpd"]).catch(() => ({ code: 1 }))).code !== 0;

function realTest(name: string, test: () => Promise<void>): void {
  Deno.test({ name, ignore: lacksAiosmtpd, fn: test });
}

realTest("before aiosmtpd in plaintext the transcript is the same", async () => {
  await using real = await RealServer.start();
  const { hooks, seen } = watching();
  await using server = await guard(real.port, hooks);
  const direct = await transcript(real.port, DIALOGUE);
  assertEquals(await transcript(server.port, DIALOGUE), direct);
  assertStringIncludes(direct.join(), "taken in plaintext");
  assertEquals(await real.messages(), Array(4).fill(MESSAGE));
  assertEquals(server.stats.errors, {});
  assertEquals(
    seen.slice(0, 22).join(" "),
    "220 EHLO 250 NOOP 250 VRFY 252 RCPT 503 MAIL 250 RCPT 250 DATA 354 HEADER EOH BODY 250 AUTH 334 RESPONSE",
  );
});

realTest(
  "before aiosmtpd with STARTTLS the transcript is the same, and hooks see what is said inside",
  async () => {
    await using real = await RealServer.start({ secure: true });
    const { hooks, seen } = watching();
    await using server = await guard(real.port, hooks);
    // aiosmtpd's own certificate is not the one that this client trusts: behind the guard it is not asked to.
    const said = ["EHLO client.example", "STARTTLS", ...DIALOGUE];
    const answers = await transcript(server.port, said);
    assertStringIncludes(answers[0], "STARTTLS");
    assertEquals(answers[1], "220 Ready to start TLS");
    await using plain = await RealServer.start();
    const wanted = (await transcript(plain.port, DIALOGUE)).map((line) =>
      line.replace("in plaintext", "by TLS")
    );
    assertEquals(answers.slice(2), wanted);
    assertEquals(await real.messages(), Array(2).fill(MESSAGE));
    assertEquals(server.stats.errors, {});
    assertEquals(
      seen.slice(0, 10).join(" "),
      "220 EHLO 250 STARTTLS 220 EHLO 250 NOOP 250 VRFY",
    );
  },
);

realTest("a sequence is seen inside TLS", async () => {
  await using real = await RealServer.start({ secure: true });
  const fired: string[] = [];
  const failed = step("535", { direction: "out" });
  await using server = await guard(
    real.port,
    defineHooks([
      sequence(["STARTTLS", repeat(failed, 3)], ({ connection }) => void fired.push(connection.transport)),
    ]),
  );
  const wrong = `AUTH PLAIN ${btoa("\0ann\0wrong")}`;
  const answers = await transcript(server.port, ["EHLO a.b", "STARTTLS", "EHLO a.b", wrong, wrong]);
  assertEquals(fired, []);
  assertMatch(answers.join(), /535.*535/);
  await transcript(server.port, ["EHLO a.b", "STARTTLS", "EHLO a.b", wrong, wrong, wrong]);
  assertEquals(fired, ["tls"]);
});

realTest("what hooks refuse, put in and replace is all that is different", async () => {
  await using real = await RealServer.start();
  await using server = await guard(
    real.port,
    defineHooks([
      on<Command>("RCPT", ({ message }) => {
        if (message.address?.startsWith("no")) {
          return reply({ code: 550, enhanced: "5.7.1", lines: ["Not to them"] });
        }
      }),
      on<LinesPart>("EOH", ({ message }) => replace({ ...message, bytes: bytes("X-Tag: .yes\r\n\r\n") })),
      on<LinesPart>(
        "BODY",
        ({ message }) => replace({ ...message, bytes: bytes(".\r\n" + text(message.bytes)) }),
      ),
      on("221", () => replace({ code: 221, lines: ["Farewell"] }), { direction: "out" }),
    ]),
  );
  using wire = await MailWire.greeted(server.port);
  await wire.write(
    "EHLO a.b\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<no@b.c>\r\nRCPT TO:<b@b.c>\r\nRCPT TO:<nor@b.c>\r\nDATA\r\n",
  );
  const codes: string[] = [];
  for (let i = 0; i < 6; i++) codes.push((await wire.reply()).slice(0, 3));
  assertEquals(codes.join(" "), "250 250 550 250 550 354");
  assertEquals(await wire.ask("A: b\r\n\r\nx\r\n."), "250 2.0.0 taken in plaintext");
  assertEquals(await wire.ask("QUIT"), "221 Farewell");
  assertEquals(await real.messages(), ["A: b\r\nX-Tag: .yes\r\n\r\n.\r\nx\r\n"]);
});

Deno.test({
  name: "swaks goes through to aiosmtpd by STARTTLS and AUTH",
  ignore: lacksAiosmtpd || lacks("swaks"),
  async fn() {
    await using real = await RealServer.start({ secure: true });
    await using server = await guard(real.port, watching().hooks);
    for (const auth of ["PLAIN", "LOGIN"]) {
      const { code, output } = await run("swaks", [
        ..."--from a@example.org --to b@example.org --helo client.example --tls --auth-user ann".split(" "),
        ...["--auth-password", "secret", "--auth", auth, "--server", `127.0.0.1:${server.port}`],
      ]);
      assertEquals(code, 0, output);
      assertStringIncludes(output, "one.test");
      assertStringIncludes(output, "taken by TLS");
    }
    assertEquals((await real.messages()).length, 2);
  },
});

// What gets through nowhere

/** A mail service behind, that keeps what it is given. */
async function behind(
  handler: SmtpHandler = {},
  hooks?: HookModule,
): Promise<{ server: Server; messages: string[] }> {
  const messages: string[] = [];
  const server = await listen("smtp://127.0.0.1:0", {
    ...{
      onData: async (content: AsyncIterable<Uint8Array>) => {
        let message = "";
        for await (const part of content) message += text(part);
        messages.push(message);
      },
      ...handler,
    } as object,
    options: { hostname: "behind.example" },
    hooks,
    tls,
  });
  return { server, messages };
}

for (
  const [what, bad, refusal] of [
    ["a bare LF", "NOOP\n", /^521 5\.5\.2 /],
    ["a line that is too long", `NOOP ${"x".repeat(2 * 1024 ** 2)}\r\n`, /^500 5\.5\.2 /],
  ] as const
) {
  Deno.test(`a client hears that its message is taken, then why it is closed, when ${what} follows in one write`, async () => {
    const { server: real, messages } = await behind({
      // The refusal has to wait for a reply that takes its time.
      onMail: () => new Promise<void>((resolve) => setTimeout(resolve, 50)),
    });
    await using _ = real;
    await using server = await guard(real.port, watching().hooks);
    using wire = await MailWire.greeted(server.port);
    for (const line of ["EHLO a.b", ...TRANSACTION.slice(0, 3)]) await wire.ask(line);
    await wire.write(`A: b\r\n\r\nhi\r\n.\r\nMAIL FROM:<slow@b.c>\r\n${bad}`);
    assertMatch(await wire.reply(), /^250 /);
    assertMatch(await wire.reply(), /^250 /);
    assertMatch(await wire.rest(), refusal);
    assertEquals(messages, ["A: b\r\n\r\nhi\r\n"]);
  });
}

for (
  const [what, lines, attack, refusal] of [
    [
      "LF . LF (CVE-2023-51764)",
      TRANSACTION.slice(0, 3),
      "x\n.\nMAIL FROM:<evil@x>\r\n",
      /^521 5\.5\.2 .*\r\n$/,
    ],
    [
      "LF . CR LF (CVE-2023-51764)",
      TRANSACTION.slice(0, 3),
      "x\n.\r\nMAIL FROM:<evil@x>\r\n",
      /^521 5\.5\.2 .*\r\n$/,
    ],
    [
      "CR LF . LF (CVE-2023-51765)",
      TRANSACTION.slice(0, 3),
      "x\r\n.\nMAIL FROM:<evil@x>\r\n",
      /^521 5\.5\.2 .*\r\n$/,
    ],
    [
      "CR . CR (CVE-2023-51766)",
      TRANSACTION.slice(0, 3),
      "x\r.\rMAIL FROM:<evil@x>\r\n",
      /^521 5\.5\.2 .*\r\n$/,
    ],
    [
      "CR LF . CR CR LF",
      TRANSACTION.slice(0, 3),
      "x\r\n.\r\r\nMAIL FROM:<evil@x>\r\n",
      /^521 5\.5\.2 .*\r\n$/,
    ],
    ["a bare LF between commands", [], "NOOP\nMAIL FROM:<evil@x>\r\n", /^521 5\.5\.2 .*\r\n$/],
    [
      "content behind DATA before its 354",
      TRANSACTION.slice(0, 2),
      "DATA\r\nx\r\n.\r\nMAIL FROM:<evil@x>\r\n",
      /^503 5\.5\.1 .*\r\n$/,
    ],
    ["commands behind STARTTLS", [], "STARTTLS\r\nMAIL FROM:<evil@x>\r\n", /^503 5\.5\.1 .*\r\n$/],
    ["commands behind AUTH", [], "AUTH LOGIN\r\nMAIL FROM:<evil@x>\r\n", /^503 5\.5\.1 .*\r\n$/],
  ] as const
) {
  Deno.test(`${what} is not let through to the server behind`, async () => {
    const evil: string[] = [];
    const { server: real, messages } = await behind({
      onMail: ({ from }) => void (from.includes("evil") && evil.push(from)),
    });
    await using _ = real;
    await using server = await guard(real.port, watching().hooks);
    using wire = await MailWire.greeted(server.port);
    await wire.ask("EHLO a.b");
    for (const line of lines) await wire.ask(line);
    await wire.write(attack);
    assertMatch(await wire.rest(), refusal);
    await until(() => real.stats.open === 0, "the end of the connection behind");
    assertEquals([messages, evil], [[], []]);
    assertEquals(Object.values(server.stats.errors).reduce((all, one) => all + one, 0) > 0, true);
  });
}

/** A server that greets, and says what it is told to say at once; and a guard before it. */
async function beforeSilence(said = "", more: Partial<ListenOptions> = {}) {
  const silent = await listen("raw://127.0.0.1:0", {
    onConnect: (connection) => void connection.send(bytes("220 behind.example\r\n" + said)),
    onMessage: () => {},
  });
  const server = await listen("smtp://127.0.0.1:0", {
    upstream: `tcp://127.0.0.1:${silent.port}`,
    hooks: watching().hooks,
    ...more,
    limits: { lingerTimeout: "100ms", ...more.limits },
  });
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server.close({ immediate: true });
      await silent.close({ immediate: true });
    },
  };
}

Deno.test("a client that waits for other replies when it is refused hears what is true of each", async () => {
  await using server = await beforeSilence();
  using wire = await MailWire.greeted(server.port);
  await wire.write("EHLO a.b\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<b@b.c>\n");
  assertMatch(await wire.rest(), /^421 4\.3\.0 [^\r\n]+\r\n$/);
  using early = await MailWire.greeted(server.port);
  await early.write("MAIL FROM:<a@b.c>\r\nDATA\r\nx\r\n");
  assertMatch(await early.rest(), /^421 4\.3\.0 [^\r\n]+\r\n$/);
});

Deno.test("a client of a guard hears why it is closed: too long a line, too long a silence", async () => {
  await using server = await beforeSilence();
  using long = await MailWire.greeted(server.port);
  await long.write("x".repeat(2 * 1024 ** 2));
  assertMatch(await long.rest(), /^500 5\.5\.2 [^\r\n]+\r\n$/);
  await using impatient = await beforeSilence("", { limits: { idleTimeout: "500ms" } });
  using idle = await MailWire.greeted(impatient.port);
  assertMatch(await idle.rest(), /^421 4\.4\.2 [^\r\n]+\r\n$/);
});

Deno.test("where bytes go on as they come nobody speaks in between", async () => {
  const limits = { idleTimeout: "2s" };
  const silence = async (more: Partial<ListenOptions>) => {
    await using server = await beforeSilence("", { ...more, limits });
    using wire = await MailWire.greeted(server.port);
    await wire.write("EHLO a.b\n");
    return await wire.rest();
  };
  const given: Partial<ListenOptions>[] = [{ onBadFrame: "passthrough" }, { hooks: defineHooks([]) }];
  assertEquals(await Promise.all(given.map(silence)), ["", ""]);
});

Deno.test("what a server behind says in plaintext behind its 220 to STARTTLS is not let through", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    const say = (line: string) => conn.write(bytes(line));
    const room = new Uint8Array(1000);
    await say("220 behind.example\r\n");
    await conn.read(room);
    await say("250-behind.example\r\n250 STARTTLS\r\n");
    await conn.read(room);
    await say("220 go\r\n250 evil\r\n");
    while ((await conn.read(room).catch(() => null)) !== null);
  })();
  await using server = await guard(listener.addr.port, watching().hooks);
  using wire = await MailWire.greeted(server.port);
  await wire.ask("EHLO a.b");
  await wire.write("STARTTLS\r\n");
  const rest = await wire.rest().catch(() => "");
  assertEquals(rest.includes("evil"), false, rest);
  await soon(served, "the end of the connection behind");
  assert(server.stats.errors.plaintext_after_starttls >= 1, JSON.stringify(server.stats.errors));
});

Deno.test("a chunk that a hook refuses does not become commands behind", async () => {
  const { server: real, messages } = await behind();
  await using _ = real;
  await using server = await guard(
    real.port,
    defineHooks([on("BDAT", () => reply({ code: 502, enhanced: "5.5.1", lines: ["By DATA"] }))]),
  );
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 2)), "250 250 250");
  assertEquals(await wire.ask("BDAT 6 LAST\r\nQUIT"), "502 5.5.1 By DATA");
  assertEquals(await wire.codes("DATA", "x\r\n.", "NOOP"), "354 250 250");
  assertEquals(messages, ["x\r\n"]);
});

Deno.test("a hook that refuses DATA leaves the client to go on", async () => {
  const { server: real, messages } = await behind();
  await using _ = real;
  let count = 0;
  await using server = await guard(
    real.port,
    defineHooks([on("DATA", () => count++ === 0 ? reply({ code: 451, lines: ["Later"] }) : undefined)]),
  );
  using wire = await MailWire.greeted(server.port);
  assertEquals(
    await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 3), "NOOP", "DATA", "x\r\n."),
    "250 250 250 451 250 354 250",
  );
  assertEquals(messages, ["x\r\n"]);
});

Deno.test("a hook may answer in the notation of replies", async () => {
  const { server: real } = await behind();
  await using _ = real;
  await using server = await guard(
    real.port,
    defineHooks([
      on("RCPT", () => reply("452 4.5.3 Too many")),
      on("250", () => replace("250 2.0.0 Very well"), { direction: "out" }),
      on("NOOP", () => close("421 4.7.0 Enough")),
    ]),
  );
  using wire = await MailWire.greeted(server.port);
  assertEquals(await wire.ask("EHLO a.b"), "250 2.0.0 Very well");
  assertEquals(await wire.ask("MAIL FROM:<a@b.c>"), "250 2.0.0 Very well");
  assertEquals(await wire.ask("RCPT TO:<b@b.c>"), "452 4.5.3 Too many");
  assertEquals(await wire.ask("NOOP"), "421 4.7.0 Enough");
  assertEquals(await wire.rest(), "");
});

for (
  const [what, content, wanted] of [
    ["a blank line first", "\r\nx\r\n", "T: t\r\n\r\nx\r\n"],
    ["no header", "x\r\n.\r\n", "T: t\r\n\r\nx\r\n.\r\n"],
    ["no body", "A: b\r\n", "A: b\r\nT: t\r\n\r\n"],
    ["nothing in it", "", "T: t\r\n\r\n"],
  ] as const
) {
  for (const place of ["a proxy", "a service"]) {
    Deno.test(`a hook in ${place} tags content with ${what}`, async () => {
      const hooks: HookModule[] = [
        defineHooks([
          on<LinesPart>("EOH", ({ message }) => replace({ ...message, bytes: bytes("T: t\r\n\r\n") })),
        ]),
        // As the notation of rules comes: without what else the part has.
        defineHooks([on("EOH", () => replace(smtp.parse!("T: t\n\n")))]),
      ];
      for (const hook of hooks) {
        const isProxy = place === "a proxy";
        const { server: real, messages } = await behind({}, isProxy ? undefined : hook);
        await using _ = real;
        await using server = await guard(real.port, isProxy ? hook : watching().hooks);
        using wire = await MailWire.greeted(server.port);
        await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 3));
        assertMatch(await wire.ask(content.replaceAll(/^\./gm, "..") + "."), /^250 /);
        assertEquals(messages, [wanted]);
      }
    });
  }
}

Deno.test("a server behind that is not there is a 421", async () => {
  const { server: real } = await behind();
  await real.close({ immediate: true });
  await using server = await guard(real.port, watching().hooks);
  using wire = await MailWire.open(server.port);
  assertMatch(await wire.rest(), /^421 .*\r\n$/);
});

Deno.test("a guard without a certificate does not pass on the offer of TLS, nor one that is behind TLS already", async () => {
  const { server: real } = await behind();
  await using _ = real;
  await using direct = await MailClient.greeted(real.port);
  const offered = await direct.ask("EHLO a.b");
  assertMatch(offered, /STARTTLS/);
  const wanted = offered.replace("|STARTTLS", "");
  const { hooks, seen } = watching();
  const onlyIn = defineHooks([on("EHLO", () => {})]);
  for (const [transport, seeing] of [["tcp", hooks], ["tcp", onlyIn], ["tls", hooks]] as const) {
    await using server = await listen(`smtp+${transport}://127.0.0.1:0`, {
      upstream: `tcp://127.0.0.1:${real.port}`,
      hooks: seeing,
      ...(transport === "tls" ? { tls } : {}),
    });
    await using client = await MailClient.greeted(server.port, "one", { transport });
    assertEquals(await client.ask("EHLO a.b"), wanted);
    assertMatch(await client.ask("NOOP"), /^250 /);
  }
  assertEquals(seen.slice(0, 4), ["220", "EHLO", "250", "NOOP"]);
});

// The examples

Deno.test("the guard greylists, limits, tags and counts guesses", async () => {
  const posts: string[] = [];
  await using hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    posts.push(await request.text());
    return new Response();
  });
  const { server: real, messages } = await behind({ onAuth: () => false });
  await using _ = real;
  const options = { wait: 300, recipients: 2, webhook: `http://127.0.0.1:${hook.addr.port}/` };
  await using server = await guard(real.port, antiAbuse, { options });
  await using client = await MailClient.greeted(server.port);
  assertEquals((await client.ask("EHLO a.b")).includes("CHUNKING"), false);
  assertMatch(await client.ask("STARTTLS"), /^220/);
  await client.ask("EHLO a.b");
  const mail = "MAIL FROM:<somebody@example.org>";
  await client.ask(mail);
  assertEquals(await client.ask("RCPT TO:<b@c.d>"), "450 4.7.1 Come again later");
  await client.ask("RSET");
  await until(async () => {
    await client.ask("RSET");
    await client.ask(mail);
    return /^250/.test(await client.ask("RCPT TO:<b@c.d>"));
  }, "the end of greylisting");
  assertMatch(await client.ask("RCPT TO:<e@c.d>"), /^250/);
  for (let i = 0; i < 10; i++) {
    // A second MAIL, which is refused, does not begin the count anew; the recipient behind it is a stranger's first.
    if (i === 5) assertMatch(await client.ask(mail), /^503/);
    assertMatch(await client.ask(`RCPT TO:<f${i}@c.d>`), i === 5 ? /^450 / : /^452 4\.5\.3 Too many$/);
  }
  assertMatch(await client.ask("DATA"), /^354/);
  assertMatch(await client.ask("Subject: x\r\n\r\nhello\r\n"), /^250/);
  assertEquals(messages, ["Subject: x\r\nX-Guarded-By: protohost\r\n\r\nhello\r\n"]);
  const guess = `AUTH PLAIN ${btoa("\0ann\0guess")}`;
  assertMatch(await client.ask(guess), /^535/);
  assertMatch(await client.ask(guess), /^535/);
  assertEquals(posts, []);
  await client.ask(guess);
  await until(() => posts.length === 1, "the webhook");
});

Deno.test("the example of mail does what it says", async (test) => {
  await using folder = new TempFolder();
  const examples = fromFileUrl(new URL("../../examples", import.meta.url));
  const yaml = await Deno.readTextFile(`${examples}/smtp.yaml`);
  // The service behind first, for its port.
  const [mail, guards] = yaml.split(/^(?= {2}# A guard in TypeScript)/m);
  const posts: string[] = [];
  await using hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    posts.push(await request.text());
    return new Response();
  });
  const password = await hashPassword("secret", { ln: 10 });
  await folder.write({
    "hooks/anti_abuse.ts": await Deno.readTextFile(`${examples}/hooks/anti_abuse.ts`),
    "mail.yaml": mail.replace(":2525", ":0").replace(
      "options:\n",
      `options:\n      authWithoutTls: true\n      users: { ann: "${password}" }\n`,
    ),
  });
  await using behind = new Program(fromSource, ["serve", "-c", "mail.yaml"], folder.path);
  const port = async (program: Program, service: string) =>
    Number((await program.until(new RegExp(`^ {2}${service} +\\S+?:(\\d+)\\b`, "m")))[1]);
  const mailPort = await port(behind, "mail");
  await folder.write({
    "guards.yaml": "control: false\nservices:\n" +
      guards.replaceAll("127.0.0.1:2525", `127.0.0.1:${mailPort}`)
        .replaceAll(/127\.0\.0\.1:252\d/g, "127.0.0.1:0").replace(":8080", `:${hook.addr.port}`),
  });
  await using program = new Program(fromSource, ["serve", "-c", "guards.yaml"], folder.path);
  const kept = async () => (await filesIn(folder.at("mail", "new"))).map(withoutTrace);

  await test.step("mail is kept", async () => {
    using wire = await MailWire.greeted(mailPort);
    assertEquals(
      await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 3), "A: b\r\n\r\nx\r\n."),
      "250 250 250 354 250",
    );
    assertEquals(await kept(), ["A: b\r\n\r\nx\r\n"]);
  });

  await test.step("the guard in TypeScript puts strangers off", async () => {
    using wire = await MailWire.greeted(await port(program, "guard"));
    assertEquals(await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 2)), "250 250 450");
  });

  await test.step("the guard in YAML puts off who says HELO, limits, tags and reports", async () => {
    const rules = await port(program, "rules");
    using old = await MailWire.greeted(rules);
    assertEquals(await old.codes("HELO a.b", ...TRANSACTION.slice(0, 2)), "250 250 450");
    using many = await MailWire.greeted(rules);
    await many.codes("EHLO a.b", "MAIL FROM:<a@b.c>");
    let rest = "";
    for (let i = 0; i < 20; i++) rest += `RCPT TO:<${i}@b.c>\r\n`;
    for (let i = 0; i < 10; i++) rest += `RCPT TO:<more${i}@b.c>\r\n`;
    await many.write(rest);
    for (let i = 0; i < 20; i++) assertMatch(await many.reply(), /^250 /);
    assertEquals(await many.rest(), "421 4.5.3 Too many recipients\r\n");
    using slow = await MailWire.greeted(rules);
    await slow.codes("EHLO a.b", "MAIL FROM:<a@b.c>", ...Array(19).fill("RCPT TO:<b@b.c>"), "NOOP");
    assertEquals(await slow.codes("RCPT TO:<b@b.c>"), "421");
    using wire = await MailWire.greeted(rules);
    assertEquals(
      await wire.codes("EHLO a.b", ...TRANSACTION.slice(0, 3), "C: d\r\n\r\nx\r\n."),
      "250 250 250 354 250",
    );
    assertEquals((await kept()).includes("C: d\r\nX-Guarded-By: protohost\r\n\r\nx\r\n"), true);
    assertEquals(await wire.codes(...TRANSACTION.slice(0, 2), "BDAT 3 LAST\r\nx", "RSET"), "250 250 502 250");
    const guess = `AUTH PLAIN ${btoa("\0ann\0guess")}`;
    assertEquals(await wire.codes(guess, guess, guess), "535 535 535");
    await until(() => posts.length === 1, "the webhook");
  });
});
