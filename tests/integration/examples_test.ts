import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { Wire } from "../support/wire.ts";

const examples = fromFileUrl(new URL("../../examples", import.meta.url)).replaceAll("\\", "/");

/** The examples as they stand, but at free ports. */
async function serveExamples(folder: TempFolder): Promise<Program> {
  const yaml = await Deno.readTextFile(`${examples}/protohost.yaml`);
  await folder.write({
    "protohost.yaml": yaml
      .replace(/^control: .*$/m, "control: false")
      .replaceAll(/0\.0\.0\.0:\d+/g, "127.0.0.1:0")
      .replaceAll("./services/", `${examples}/services/`),
  });
  return new Program(fromSource, ["serve"], folder.path);
}

async function open(program: Program, service: string): Promise<Wire> {
  const [, port] = await program.until(new RegExp(`^ {2}${service} +\\S+?:(\\d+)\\b`, "m"));
  return await Wire.open(Number(port));
}

Deno.test("the examples do what they say", async (test) => {
  await using folder = new TempFolder();
  await using program = await serveExamples(folder);

  await test.step("message answers each JSON line with the same", async () => {
    using wire = await open(program, "message");
    await wire.write('{"type":"message","content":"hello"}\n{"type":"other"}\n');
    assertEquals(await wire.line(), '{"code":0,"msg":"ok"}');
    assertEquals(await wire.line(), '{"code":0,"msg":"ok"}');
  });

  await test.step("conversation says HELO and SAVA, takes the answer, and reads to the end", async () => {
    using wire = await open(program, "conversation");
    assertEquals([await wire.line(), await wire.line()], ["HELO", "SAVA"]);
    await wire.write("fine\nand more\n");
    await program.until(/answered "?fine/);
    await program.until(/said "?and more/);
    await wire.conn.closeWrite();
    assertEquals(await wire.rest(), "");
  });

  await test.step("conversation logs a client that goes without an answer", async () => {
    using wire = await open(program, "conversation");
    assertEquals([await wire.line(), await wire.line()], ["HELO", "SAVA"]);
    await wire.conn.closeWrite();
    assertEquals(await wire.rest(), "");
    await program.until(/broke off/);
  });

  await test.step("chat reaches people on every instance", async () => {
    // Linux spreads connections over the instances by chance; elsewhere there is one, or one that gets them all.
    const wanted = Deno.build.os === "linux" ? 2 : 1;
    const people: Wire[] = [];
    const instances = new Set<string>();
    while (people.length < 3 || instances.size < wanted) {
      const one = await open(program, "chat");
      people.push(one);
      const [, instance] = /^Welcome to the chat, guest \d+\.(\d+)\.\d+$/.exec(await one.line())!;
      instances.add(instance);
      assert(people.length < 100, `all of ${people.length} connections went to instance ${instance}`);
    }
    await people[0].write("hello, all\n");
    for (const one of people.slice(1)) {
      let line = "";
      while (!line.endsWith(": hello, all")) line = await one.line();
      assertMatch(line, /^guest \d+\.\d+\.\d+: hello, all$/);
    }
    for (const one of people) one[Symbol.dispose]();
  });
});
