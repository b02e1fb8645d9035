/**
 * The mail service from a configuration alone: no handler, and no permission but those that its options are.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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
