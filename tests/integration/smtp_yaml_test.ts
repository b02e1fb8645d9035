/**
 * The mail service from a configuration alone: no handler, and no permission but those that its options are.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { listen, text } from "@protohost/protohost";
import { smtpHandler } from "../../protocols/smtp/mod.ts";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { filesIn, MailWire, withoutTrace } from "../support/smtp.ts";
import { soon } from "../support/wire.ts";

/** Delivers a message to one recipient; answers the last reply. */
async function deliver(port: number, to: string, message: string): Promise<string> {
  using wire = await MailWire.greeted(port);
  const codes = await wire.codes("EHLO a.b", "MAIL FROM:<a@b.c>", `RCPT TO:<${to}>`, "DATA");
  assertEquals(codes, "250 250 250 354");
  return await wire.ask(`${message}.`);
}

for (const isolation of ["process", "worker"]) {
  Deno.test(`a configuration alone keeps mail, and hands it on, in isolation: ${isolation}`, async () => {
    await using folder = new TempFolder();
    const handed = Promise.withResolvers<string>();
    await using next = await listen(
      "smtp://127.0.0.1:0",
      smtpHandler({
        async onData(content) {
          let message = "";
          for await (const bytes of content) message += text(bytes);
          handed.resolve(message);
        },
      }),
    );
    // Neither the Maildirs nor the next server are what a service may use anyway: its own folder, its own address.
    await folder.write({
      "server/protohost.yaml": `
control: false
log: { level: info }
defaults: { isolation: ${isolation} }
services:
  keeps:
    listen: "smtp://127.0.0.1:0"
    options: { maildir: "../mail/{user}", create: true }
  hands:
    listen: "smtp://127.0.0.1:0"
    options: { domains: [example.org], relay: { to: "smtp://localhost:${next.port}" } }
  here:
    listen: "smtp://127.0.0.1:0"
    options: { maildir: "{user}", create: true }
`,
    });
    await using program = new Program(fromSource, ["serve"], folder.at("server"));
    const port = async (name: string) =>
      Number((await program.until(new RegExp(`^ {2}${name} +\\S+?:(\\d+)\\b`, "m")))[1]);
    const message = "Subject: x\r\n\r\nkept\r\n";
    assertMatch(await deliver(await port("keeps"), "ann@example.org", message), /^250 /);
    assertEquals((await filesIn(folder.at("mail", "ann", "new"))).map(withoutTrace), [message]);
    assertMatch(await deliver(await port("hands"), "ann@example.org", message), /^250 /);
    assertEquals(withoutTrace(await soon(handed.promise, "the message")), message);
    // What it would need for this is never taken from options: it could write the configuration.
    using wire = await MailWire.greeted(await port("here"));
    const codes = await wire.codes("EHLO a.b", "MAIL FROM:<a@b.c>", "RCPT TO:<ann@example.org>");
    assertEquals(codes.slice(0, 7), "250 250");
    assertMatch(codes.slice(8), /^4/);
    await program.until(/give the service permissions: \{ write: \["/);
    assertStringIncludes(program.output, `${folder.at("server", "ann")}`);
  });
}

Deno.test("the folders of smtp work where a user has copied them: the server, the wire format, both", async () => {
  await using folder = new TempFolder();
  const own = fromFileUrl(new URL("../../protocols/smtp", import.meta.url));
  await copy(`${own}/server`, folder.at("server", "mail"));
  await copy(`${own}/codec`, folder.at("server", "wire"));
  await copy(own, folder.at("server", "whole"));
  const permissions = `permissions: { read: ${folder.path}, write: ${folder.at("kept")} }`;
  await folder.write({
    "server/protohost.yaml": `
control: false
protocols: { mail: ./mail/mod.ts, wire: ./wire/mod.ts, whole: ./whole/mod.ts }
services:
  alone: { listen: "mail://127.0.0.1:0", options: { maildir: ../kept/alone }, ${permissions} }
  both: { listen: "whole://127.0.0.1:0", options: { maildir: ../kept/both }, ${permissions} }
  words: { listen: "wire://127.0.0.1:0", handler: ./words.ts }
`,
    "server/words.ts": `import { reply } from "./wire/mod.ts";
export default {
  onConnect: (connection) => void connection.send(reply("220 words")),
  onMessage: (connection, { verb }) => void connection.send(reply("250 " + verb)),
};
`,
  });
  await using program = new Program(fromSource, ["serve"], folder.at("server"));
  const port = async (name: string) =>
    Number((await program.until(new RegExp(`^ {2}${name} +\\S+?:(\\d+)\\b`, "m")))[1]);
  for (const name of ["alone", "both"]) {
    assertMatch(await deliver(await port(name), "ann@example.org", "Subject: x\r\n\r\nkept\r\n"), /^250 /);
    assertEquals((await filesIn(folder.at("kept", name, "new"))).length, 1);
    using wire = await MailWire.greeted(await port(name));
    await wire.write("NOOP\n");
    assertMatch(await wire.rest(), /^521 /);
  }
  using wire = await MailWire.greeted(await port("words"));
  assertEquals(await wire.ask("rset"), "250 RSET");
});

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
