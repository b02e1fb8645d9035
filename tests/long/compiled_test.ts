/**
 * The executable, alone in a folder with a YAML file and a user's own TypeScript: no sources, no Deno on the path, no
 * cache of Deno's.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { compileProgram } from "../../scripts/compile_program.ts";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { ask, type Launcher, Program, runProgram, TempFolder } from "../support/program.ts";
import { Wire } from "../support/wire.ts";
import { testReload } from "../integration/reload_suite.ts";
import { testBound, testMany, testPoolEnd } from "./pool_suite.ts";
import {
  testEscapes,
  testForgeries,
  testMisbehaving,
  testOrphans,
  testSharedFiles,
  testSignals,
  testTerminal,
  testUsers,
  testWorkers,
} from "./isolation_suite.ts";

const exe = Deno.build.os === "windows" ? ".exe" : "";
const inCi = Deno.env.get("CI") === "true";

const files = {
  "protohost.yaml": `services:
  upper: { listen: "upper://127.0.0.1:0", handler: ./services/upper.ts, options: { mark: "1" } }
  plain: { listen: "text://127.0.0.1:0", handler: ./services/plain.ts, instances: 2 }
`,
  // A protocol by bare name, with a relative import.
  "protocols/upper.ts": `import { line, type Protocol, text } from "@protohost/protohost";
import { raise } from "./parts/raise.ts";
const lines = line({ max: 1000 });
const upper: Protocol<string> = {
  name: "upper",
  input: lines,
  decode: (frame) => raise(text(lines.unwrap(frame))),
  encode: (message) => lines.wrap(message),
};
export default upper;
export const samples = ["A", "B C"];
`,
  "protocols/parts/raise.ts":
    `export function raise(line: string): string {\n  return line.toUpperCase();\n}\n`,
  // A service by the package's address, with a relative import.
  "services/upper.ts": service("one"),
  "services/plain.ts": `import { defineService } from "@protohost/protohost";
export default defineService<string>({ onMessage: (connection, line) => void connection.send(line) });
`,
  "services/words.ts": `export const separator: string = ":";\n`,
};

function service(word: string): string {
  return `import { type Connection, defineService } from "jsr:@protohost/protohost@^0.1";
import { separator } from "./words.ts";
export default defineService<string>((context) => ({
  onMessage(connection: Connection<string>, line: string) {
    const { mark } = context.options as { mark: string };
    connection.send(["${word}", mark, line].join(separator));
  },
}));
`;
}

/** Builds the executable, or answers why it cannot be built here. */
async function build(output: string): Promise<string | undefined> {
  try {
    await compileProgram(output);
    return undefined;
  } catch (error) {
    if (inCi) throw error;
    return (error as Error).message;
  }
}

Deno.test("the executable serves a user's own code from a folder that has nothing else", async (test) => {
  await using folder = new TempFolder();
  const command = folder.at(`protohost${exe}`);
  const why = await build(command);
  if (why !== undefined) {
    await test.step({ name: `skipped, no executable can be made here: ${why}`, ignore: true, fn() {} });
    return;
  }
  await folder.write(files);
  const launcher: Launcher = {
    command,
    args: [],
    clearEnv: true,
    env: {
      PATH: Deno.build.os === "windows" ? "C:\\Windows\\System32" : "/usr/bin:/bin",
      NO_COLOR: "1",
      HOME: folder.path,
      DENO_DIR: folder.at("cache"),
      // Windows cannot open sockets without.
      ...(Deno.build.os === "windows" ? { SystemRoot: Deno.env.get("SystemRoot") ?? "C:\\Windows" } : {}),
    },
  };
  const run = (...args: string[]) => runProgram(launcher, args, folder.path);

  await test.step("it tells its version and checks the folder", async () => {
    assertStringIncludes((await run("--version")).stdout, "protohost 0.");
    const checked = await run("check");
    assertEquals(checked.code, 0, checked.stderr + checked.stdout);
    assertStringIncludes(checked.stdout, "✓ upper");
    const tested = await run("test", "protocols/upper.ts");
    assertEquals(tested.code, 0, tested.stdout);
    assertStringIncludes((await run("protocols")).stdout, "jsonnl");
  });

  await test.step("it says where a mistake is, and how to come by a package", async () => {
    await using elsewhere = new TempFolder();
    await elsewhere.write({
      "mistake.ts": `import "./parts/mistake.ts";\n`,
      "parts/mistake.ts": `const é = 1;\nconst f = (a {\n`,
      "package.ts": `import thing from "npm:no-such-thing@1";\nexport default thing;\n`,
    });
    for (
      const [file, wanted] of [
        ["mistake.ts", /SyntaxError: Expected '?,'?.* at file:\S+\/parts\/mistake\.ts:2:14$/m],
        ["package.ts", /deno bundle --external=@protohost\/protohost -o package\.js package\.ts\)$/m],
        ["parts", /parts: found a folder, wanted a file$/m],
      ] as const
    ) {
      const { code, stderr } = await runProgram(launcher, ["test", file], elsewhere.path);
      assertEquals(code, 1);
      assertMatch(stderr, wanted);
    }
  });

  await test.step("it makes a service of one's own, which passes its check", async () => {
    await using elsewhere = new TempFolder();
    const inElsewhere = (...args: string[]) => runProgram(launcher, args, elsewhere.path);
    assertEquals((await inElsewhere("new", "chat")).code, 0);
    for (const args of [["check"], ["test", "protocols/chat.ts"]]) {
      const { code, stdout, stderr } = await inElsewhere(...args);
      assertEquals(code, 0, stdout + stderr);
    }
  });

  // Windows has neither unix sockets here nor HUP.
  const driven = Deno.build.os === "windows"
    ? { name: "it serves", fn: serves }
    : { name: "it serves, restarts, reloads and stops", fn: drives };
  await test.step(driven);

  const onLinux = { ignore: Deno.build.os !== "linux" };
  await test.step({
    name: "its services may do what they like",
    fn: () => testMisbehaving(launcher),
    ...onLinux,
  });
  await test.step({ name: "they can do what they were given", fn: () => testEscapes(launcher), ...onLinux });
  await test.step({
    name: "they run as the users that they name",
    ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
    fn: async () => {
      await Deno.chmod(folder.path, 0o755);
      await testUsers(launcher);
    },
  });
  await test.step({
    name: "a worker that signals its process, or gives itself orders, ends alone",
    fn: () => testWorkers(launcher),
    ...onLinux,
  });
  await test.step({
    name: "nobody at its terminal is asked what a worker may do",
    fn: () => testTerminal(launcher),
    ...onLinux,
  });
  await test.step({
    name: "none writes to what another reads",
    fn: () => testSharedFiles(launcher),
    ...onLinux,
  });
  await test.step("it leaves no compiled code where others could replace it", async () => {
    await using temporary = new TempFolder();
    const env = { ...launcher.env, TMPDIR: temporary.path, TMP: temporary.path, TEMP: temporary.path };
    for (let times = 0; times < 2; times++) {
      assertEquals((await runProgram({ ...launcher, env }, ["check"], folder.path)).code, 0);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(temporary.path), ({ name }) => name), []);
  });
  await test.step({ name: "they go when it is killed", fn: () => testOrphans(launcher), ...onLinux });
  await test.step({
    name: "what one's program writes to the server's pipe costs that one alone",
    fn: () => testForgeries(launcher),
    ...onLinux,
  });
  await test.step({ name: "HUP restarts one of them", fn: () => testSignals(launcher), ...onLinux });
  await test.step({
    name: "HUP leaves a service alone whose code and configuration are unchanged",
    fn: () => testReload(launcher),
    ...onLinux,
  });
  await test.step({ name: "of 200 connections two are bad", fn: () => testMany(launcher), ...onLinux });
  await test.step({ name: "a pool has a bound", fn: () => testBound(launcher), ...onLinux });
  await test.step({ name: "nothing is left of a pool", fn: () => testPoolEnd(launcher), ...onLinux });

  async function serves(): Promise<void> {
    await using server = new Program(launcher, ["serve"], folder.path);
    const [, port] = await server.until(/^ {2}upper +upper:\/\/127\.0\.0\.1:(\d+)/m);
    assertEquals(await ask(Number(port), "hello"), "one:1:HELLO");
  }

  async function drives(): Promise<void> {
    await using server = new Program(launcher, ["serve"], folder.path);
    await server.until(/Ctrl-C stops/);
    const status = await statusNow();
    assertEquals(status.pid, server.pid);
    const [upper, plain] = [portOf(status, "upper"), portOf(status, "plain")];
    assertEquals(await ask(upper, "hello"), "one:1:HELLO");

    // One connection to the other service stays open through all that follows, and is asked again and again.
    using held = await Wire.open(plain);
    const stillThere = async (word: string) => {
      await held.write(`${word}\n`);
      assertEquals(await held.line(), word);
    };
    await stillThere("before");
    for (let edit = 1; edit <= 5; edit++) {
      using old = await Wire.open(upper);
      await old.write("who\n");
      const before = await old.line();
      await folder.write({ "services/upper.ts": service(`edit${edit}`) });
      const restarted = await run("restart", "upper");
      assertEquals(restarted.code, 0, restarted.stderr);
      assertEquals(await ask(upper, "hello"), `edit${edit}:1:HELLO`);
      await old.write("who\n");
      assertEquals(await old.line(), before, "a connection goes on with the code that it began with");
      await stillThere(`restart ${edit}`);
    }

    // A relative import that was edited counts as well.
    await folder.write({ "services/words.ts": `export const separator: string = "/";\n` });
    assertEquals((await run("restart", "upper")).code, 0);
    assertEquals(await ask(upper, "hello"), "edit5/1/HELLO");

    for (
      const [path, broken, said] of [
        ["protohost.yaml", "services: { upper: [", "protohost.yaml"],
        ["services/upper.ts", "throw new Error('broken by an edit');", "broken by an edit"],
      ]
    ) {
      const good = await Deno.readTextFile(folder.at(path));
      await folder.write({ [path]: broken });
      const from = server.output.length;
      server.signal("SIGHUP");
      await server.until(new RegExp(said), from);
      assertEquals(await ask(upper, "hello"), "edit5/1/HELLO");
      await stillThere("in spite of a broken file");
      await folder.write({ [path]: good });
    }

    const yaml = `services:
  upper: { listen: "upper://127.0.0.1:0", handler: ./services/upper.ts, options: { mark: "2" } }
  more: { listen: "jsonnl://127.0.0.1:0", handler: ./services/plain.ts }
`;
    await folder.write({ "protohost.yaml": yaml });
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.until(/Reloaded/, from);
    const changed = await statusNow();
    assertEquals(
      changed.services.filter(({ state }) => state === "running").map(({ name }) => name).sort(),
      ["more", "upper"],
    );
    assertEquals(await ask(portOf(changed, "upper"), "hello"), "edit5/2/HELLO");
    assertEquals(await ask(portOf(changed, "more"), `{"a":1}`), `{"a":1}`);
    await stillThere("though its service is gone");
    held[Symbol.dispose]();

    assertEquals((await run("stop")).code, 0);
    assertEquals(await server.ended(), 0, server.output);
    assertEquals((await run("status")).code, 4);
  }

  async function statusNow(): Promise<ServerStatus> {
    return JSON.parse((await run("status", "--json")).stdout);
  }
});

function portOf(status: ServerStatus, service: string): number {
  const [address] = status.services.find(({ name }) => name === service)!.addresses;
  return Number(/:(\d+)$/.exec(address)![1]);
}
