/**
 * The README's protocol, service and guard, as they stand there but at free ports: they do what the README says.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Connection, listen } from "@protohost/protohost";
import { ask, fromSource, Program, runProgram, TempFolder } from "../support/program.ts";
import { readDocuments } from "../support/documents.ts";
import { Wire } from "../support/wire.ts";

const { blocks } = (await readDocuments()).get("README.md")!;

/** The only block with some words in it. */
function blockWith(words: string): string {
  const found = blocks.filter(({ code }) => code.includes(words));
  assertEquals(found.length, 1, words);
  return found[0].code;
}

async function portOf(program: Program, service: string): Promise<number> {
  const [, port] = await program.until(new RegExp(`^ {2}${service} +\\S+?:(\\d+)\\b`, "m"));
  return Number(port);
}

Deno.test("the README's protocol passes its test, and its service answers", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protocols/jsonnl.ts": blockWith("// protocols/jsonnl.ts"),
    "services/chat.ts": blockWith("// services/chat.ts"),
    "protohost.yaml": `${
      blockWith("# protohost.yaml").replace("0.0.0.0:1234", "127.0.0.1:0")
    }\ncontrol: false\n`,
  });
  const tested = await runProgram(fromSource, ["test", "protocols/jsonnl.ts"], folder.path);
  assertEquals(tested.code, 0, tested.stdout + tested.stderr);
  await using program = new Program(fromSource, ["serve"], folder.path);
  const port = await portOf(program, "chat");
  assertEquals(await ask(port, `{"type":"hello"}`), `{"type":"you said hello"}`);
});

Deno.test("the README's guard refuses a command and closes at the third password, in YAML and in TypeScript", async () => {
  await using redis = await listen("resp://127.0.0.1:0", {
    onMessage(connection: Connection, { args: [name] }: { args: string[] }) {
      connection.send(
        name === "AUTH" ? { type: "error", value: "WRONGPASS" } : { type: "simple", value: "OK" },
      );
    },
  });
  const yaml = blockWith("upstream:").replace("0.0.0.0:6379", "127.0.0.1:0")
    .replace("10.0.0.5:6379", `127.0.0.1:${redis.port}`);
  const coded =
    `  coded: { listen: "resp://127.0.0.1:0", upstream: "tcp://127.0.0.1:${redis.port}", hooks: [./guard.ts] }`;
  await using folder = new TempFolder();
  await folder.write({
    "guard.ts": blockWith("defineHooks"),
    "protohost.yaml": `control: false\n${yaml}\n${coded}\n`,
  });
  await using program = new Program(fromSource, ["serve"], folder.path);
  for (const service of ["redis", "coded"]) {
    using wire = await Wire.open(await portOf(program, service));
    await wire.write("PING\r\nFLUSHALL\r\nPING\r\n");
    assertEquals([await wire.line(), await wire.line(), await wire.line()], [
      "+OK\r",
      "-ERR refused\r",
      "+OK\r",
    ]);
    for (const word of ["one", "two"]) {
      await wire.write(`AUTH ${word}\r\n`);
      assertEquals(await wire.line(), "-WRONGPASS\r");
    }
    await wire.write("AUTH three\r\nPING\r\n");
    assertEquals(await wire.rest(), "", service);
  }
  await program.until(/redis: third password within 30 s/);
});
