/**
 * SMTP as strangers speak it: swaks, postfix's smtp-source, curl, msmtp and nodemailer as clients of the mail service;
 * and the mail service killed in the middle of a storm.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import nodemailer from "nodemailer";
import { listen, type Server } from "@protohost/protohost";
import { hashPassword } from "@protohost/protohost/password";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { filesIn, lacks, MailWire, run, tls, withoutTrace } from "../support/smtp.ts";
import { soon, until } from "../support/wire.ts";

const MIB = 1024 ** 2;

/** A mail service in this process, and its Maildir. */
class MailServer implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly #server: Server;

  private constructor(folder: TempFolder, server: Server) {
    this.folder = folder;
    this.#server = server;
  }

  static async start(): Promise<MailServer> {
    const folder = new TempFolder();
    const options = {
      hostname: "mx.example",
      maildir: folder.at("mail"),
      users: { ann: await hashPassword("secret", { ln: 10 }) },
    };
    return new MailServer(folder, await listen("smtp://127.0.0.1:0", { options, tls }));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#server.port;
  }

  get errors(): Record<string, number> {
    return this.#server.stats.errors;
  }

  async messages(): Promise<string[]> {
    return await filesIn(this.folder.at("mail", "new"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

function clientTest(name: string, programs: string[], test: () => Promise<void>): void {
  Deno.test({ name, ignore: lacks(...programs), fn: test });
}

for (
  const [how, args, received] of [
    ["in plaintext", [], "with ESMTP id"],
    ["by STARTTLS", ["--tls"], "with ESMTPS id"],
    ["by STARTTLS and AUTH PLAIN", [
      ..."--tls --auth PLAIN --auth-user ann --auth-password secret".split(" "),
    ], "with ESMTPSA id"],
    ["by STARTTLS and AUTH LOGIN", [
      ..."--tls --auth LOGIN --auth-user ann --auth-password secret".split(" "),
    ], "with ESMTPSA id"],
    ["all at once", ["--pipeline"], "with ESMTP id"],
  ] as [string, string[], string][]
) {
  clientTest(`swaks delivers ${how}`, ["swaks"], async () => {
    await using server = await MailServer.start();
    const body = "A first line\\n.a dot\\n.\\n..\\nthe end";
    const { code, output } = await run("swaks", [
      ..."--from a@example.org --to b@example.org --helo client.example --server".split(" "),
      server.address,
      "--body",
      body,
      ...args,
    ]);
    assertEquals(code, 0, output);
    const [message, ...more] = await server.messages();
    assertEquals(more, []);
    assertStringIncludes(message, received);
    assertStringIncludes(message, "\r\n\r\nA first line\r\n.a dot\r\n.\r\n..\r\nthe end\r\n");
  });
}

clientTest("swaks is refused with a wrong password, and without TLS", ["swaks"], async () => {
  await using server = await MailServer.start();
  const args = [..."--from a@b.c --to b@b.c --helo c.d --auth-user ann --auth-password".split(" ")];
  const wrong = await run("swaks", [
    ...args,
    "wrong",
    "--auth",
    "PLAIN",
    "--tls",
    "--server",
    server.address,
  ]);
  assertEquals(wrong.code, 28, wrong.output);
  assertStringIncludes(wrong.output, "535 5.7.8");
  const plain = await run("swaks", [...args, "secret", "--auth", "PLAIN", "--server", server.address]);
  assertEquals(plain.code, 28, plain.output);
  assertEquals(plain.output.includes("AUTH PLAIN"), false, plain.output);
  assertEquals(await server.messages(), []);
});

clientTest(
  "smtp-source: of 2000 messages in 20 sessions each is there once, byte for byte",
  ["smtp-source"],
  async () => {
    await using server = await MailServer.start();
    const args = [..."-s 20 -m 2000 -l 2000 -f a@example.org -t b@example.org".split(" "), server.address];
    const { code, output } = await run("smtp-source", args);
    assertEquals(code, 0, output);
    const messages = await server.messages();
    assertEquals(messages.length, 2000);
    const ids = new Set<string>();
    const bodies = new Set<string>();
    for (const message of messages) {
      const [header, body] = withoutTrace(message).split("\r\n\r\n");
      assertMatch(
        header,
        /^From: <a@example.org>\r\nTo: <b@example.org>\r\nDate: [^\r\n]+\r\nMessage-Id: <[^\r\n]+>$/,
      );
      ids.add(/Message-Id: (.*)/.exec(header)![1]);
      bodies.add(body);
    }
    assertEquals(ids.size, 2000);
    assertEquals(bodies.size, 1);
    assertMatch([...bodies][0], /^(?:\dX{77,78}\r\n){20,}\d?X*\r\n$/);
    assertEquals(server.errors, {});
  },
);

clientTest("curl delivers a file as it is", ["curl"], async () => {
  await using server = await MailServer.start();
  const lines = Array.from({ length: 20_000 }, (_, i) => `${i % 3 === 0 ? "." : ""}line ${i} é`);
  const message = `Subject: long\r\n\r\n${lines.join("\r\n")}\r\n`;
  await server.folder.write({ "message.eml": message });
  const file = server.folder.at("message.eml");
  const envelope = ["--mail-from", "a@example.org", "--mail-rcpt", "b@example.org", "--upload-file", file];
  const plain = await run("curl", ["-sS", "--url", `smtp://${server.address}/client.example`, ...envelope]);
  assertEquals([plain.code, plain.output], [0, ""]);
  const secure = await run("curl", [
    ...["-sS", "--ssl-reqd", "--insecure", "--user", "ann:secret"],
    ...["--url", `smtp://${server.address}/client.example`, ...envelope],
  ]);
  assertEquals([secure.code, secure.output], [0, ""]);
  assertEquals((await server.messages()).map(withoutTrace), [message, message]);
});

clientTest("msmtp delivers by STARTTLS and AUTH", ["msmtp"], async () => {
  await using server = await MailServer.start();
  const { code, output } = await run("msmtp", [
    ...["--host=127.0.0.1", `--port=${server.port}`, "--from=a@example.org", "--tls=on", "--tls-starttls=on"],
    ...["--tls-certcheck=off", "--auth=plain", "--user=ann", "--passwordeval=echo secret", "b@example.org"],
  ], "Subject: hello\n\n.dot\nthe end\n");
  assertEquals(code, 0, output);
  const [message] = await server.messages();
  assertStringIncludes(message, "with ESMTPSA id");
  assertMatch(withoutTrace(message), /Subject: hello\r\n\r\n\.dot\r\nthe end\r\n$/);
});

Deno.test("nodemailer delivers 100 messages by 4 connections of a pool, over TLS", async () => {
  await using server = await MailServer.start();
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: server.port,
    pool: true,
    maxConnections: 4,
    auth: { user: "ann", pass: "secret" },
    tls: { rejectUnauthorized: false },
  });
  await soon(Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      transport.sendMail({
        from: "ann@example.org",
        to: ["b@example.org", "c@example.org"],
        subject: `number ${i}.`,
        text: `.\n..\nnaïve ${i}\n`,
      })),
  ));
  transport.close();
  const messages = await server.messages();
  assertEquals(messages.length, 100);
  assertEquals(new Set(messages.map((message) => /number (\d+)\./.exec(message)![1])).size, 100);
  for (const message of messages) assertStringIncludes(message, "with ESMTPSA id");
  assertEquals(server.errors, {});
});

/** The program with a mail service, from its sources. */
async function serveProgram(folder: TempFolder): Promise<{ program: Program; port: number }> {
  await folder.write({
    "protohost.yaml": `
control: false
log: { level: warning }
services:
  mail:
    listen: "smtp://127.0.0.1:0"
    options: { maildir: ./mail, maxMessageBytes: 100MiB }
    isolation: worker
`,
  });
  const program = new Program(fromSource, ["serve"], folder.path);
  const [, port] = await program.until(/^ {2}mail +\S+?:(\d+)\b/m);
  return { program, port: Number(port) };
}

Deno.test({
  name: "nodemailer sends 50 MB, and the server's memory stays flat",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = new TempFolder();
    const { program, port } = await serveProgram(folder);
    await using _ = program;
    const transport = nodemailer.createTransport({ host: "127.0.0.1", port, ignoreTLS: true, pool: true });
    const send = (content: Buffer) =>
      transport.sendMail({
        from: "a@example.org",
        to: "b@example.org",
        subject: "large",
        text: "see the attachment",
        attachments: [{ filename: "large.bin", content }],
      });
    await soon(send(Buffer.alloc(65_536, "x")), "the first message");
    const before = await peakMemory(program.pid);
    const large = Buffer.alloc(50 * MIB, "0123456789abcdef");
    await soon(send(large), "the large message");
    transport.close();
    const grown = await peakMemory(program.pid) - before;
    assertLess(grown, 48 * MIB, `grown by ${grown} bytes`);
    const sizes: number[] = [];
    for await (const { name } of Deno.readDir(folder.at("mail", "new"))) {
      sizes.push((await Deno.stat(folder.at("mail", "new", name))).size);
    }
    // BASE64 in lines of 76 characters.
    assert(
      Math.max(...sizes) > large.length * 4 / 3 * 78 / 76,
      `the largest has ${Math.max(...sizes)} bytes`,
    );
  },
});

/** The most memory that a process has had. */
async function peakMemory(pid: number): Promise<number> {
  const { output } = await run("cat", [`/proc/${pid}/status`]);
  return Number(/VmHWM:\s+(\d+) kB/.exec(output)![1]) * 1024;
}

Deno.test("kill -9 in the middle of a storm loses no message that was answered 250", async () => {
  await using folder = new TempFolder();
  const { program, port } = await serveProgram(folder);
  await using _ = program;
  const answered: string[] = [];
  const body = "x".repeat(76) + "\r\n";
  const client = async (name: number) => {
    using wire = await MailWire.greeted(port);
    await wire.ask("EHLO client.example");
    for (let i = 0;; i++) {
      const id = `${name}.${i}`;
      const lines = `X-Id: ${id}\r\n\r\n${body.repeat(20)}X-End: ${id}\r\n.`;
      const codes = await wire.codes("MAIL FROM:<a@b.c>", "RCPT TO:<b@b.c>", "DATA", lines);
      if (codes === "250 250 354 250") answered.push(id);
    }
  };
  const clients = Array.from({ length: 10 }, (_, name) => client(name).catch(() => {}));
  await until(() => answered.length >= 300, "300 messages");
  program.signal("SIGKILL");
  await soon(Promise.all(clients), "the end of the clients");
  const kept = (await filesIn(folder.at("mail", "new"))).map((message) => {
    const match = /^X-Id: (\S+)\r\n\r\n(?:x{76}\r\n){20}X-End: (\S+)\r\n$/.exec(withoutTrace(message));
    assert(match !== null && match[1] === match[2], `a message is not whole: ${message}`);
    return match[1];
  });
  assertEquals(new Set(kept).size, kept.length, "a message is there twice");
  assertEquals(answered.filter((id) => !kept.includes(id)), []);
});
