import process from "node:process";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { verifyPassword } from "../../lib/base/password.ts";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { ask, fromSource, Program, runProgram, TempFolder } from "../support/program.ts";
import { until, Wire } from "../support/wire.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));
const windows = Deno.build.os === "windows";

const shout = `import { defineService } from "@protohost/protohost";
export default defineService<string>({
  onMessage(connection, line) { connection.send("ONE " + line); },
});
`;
const plain = `import { defineService } from "@protohost/protohost";
export default defineService<string>({
  onMessage(connection, line) { connection.send(line); },
});
`;
const files = {
  "protohost.yaml": `services:
  shout: { listen: "text://127.0.0.1:0", handler: ./shout/main.ts }
  plain: { listen: "text://127.0.0.1:0", handler: ./plain/main.ts, instances: 2 }
`,
  "shout/main.ts": shout,
  "plain/main.ts": plain,
};

function run(folder: TempFolder, ...args: string[]) {
  return runProgram(fromSource, args, folder.path);
}

async function statusOf(folder: TempFolder): Promise<ServerStatus> {
  return JSON.parse((await run(folder, "status", "--json")).stdout);
}

function portOf(status: ServerStatus, service: string): number {
  const [address] = status.services.find(({ name }) => name === service)!.addresses;
  return Number(/:(\d+)$/.exec(address)![1]);
}

/** The port that a service has by the banner. */
async function bannerPort(program: Program, service: string): Promise<number> {
  const [, port] = await program.until(new RegExp(`^  ${service} +\\S+?:(\\d+)\\b`, "m"));
  await program.until(/Ctrl-C stops/);
  return Number(port);
}

Deno.test("check shows the plan of the examples", async () => {
  const { code, stdout, stderr } = await runProgram(
    fromSource,
    ["check", "-c", "examples/protohost.yaml"],
    root,
  );
  assertEquals(code, 0, stderr);
  for (const name of ["message", "conversation", "chat"]) assertStringIncludes(stdout, `✓ ${name}\n`);
  assertStringIncludes(stdout, "jsonnl://0.0.0.0:1234");
  assertStringIncludes(stdout, "instances  2");
});

Deno.test("check ends with 1 and all problems when several things are wrong", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  a: { listen: "text:/nowhere", handler: ./missing.ts }
  b: { listn: "text://127.0.0.1:1", handler: ./shout.ts }
`,
    "shout.ts": shout,
  });
  const { code, stderr } = await run(folder, "check");
  assertEquals(code, 1);
  for (const part of ["services.a.listen", "missing.ts", 'did you mean "listen"?']) {
    assertStringIncludes(stderr, part);
  }
});

Deno.test("check ends with 1 when modules do not load, and names each", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  good: { listen: "text://127.0.0.1:0", handler: ./good.ts }
  broken: { listen: "text://127.0.0.1:0", handler: ./broken.ts }
  strange: { listen: "strange://127.0.0.1:0", handler: ./good.ts }
`,
    "good.ts": shout,
    "broken.ts": `throw new Error("the module broke");`,
  });
  const { code, stdout, stderr } = await run(folder, "check");
  assertEquals(code, 1);
  assertStringIncludes(stdout, "✓ good");
  assertStringIncludes(stdout, "the module broke");
  assertStringIncludes(stdout, 'Cannot find the protocol "strange"');
  assertStringIncludes(stderr, "Cannot load broken, strange");
});

Deno.test("check tells what is wrong with the file and with the code at once", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `log: { file: nowhere/a.log }
protocols: { own: ./gone.ts }
services:
  half: { listen: "strange://127.0.0.1:1", limits: { idleTimeot: 3 }, options: { a: 1 } }
  wants: { listen: "text://127.0.0.1:2", handler: ./wants.ts, option: { a: 1 } }
  whole: { listen: "ecko://127.0.0.1:3" }
  broken: { listen: "text://127.0.0.1:4", handler: ./broken.ts }
  good: { listen: "text://127.0.0.1:5", handler: ./good.ts }
`,
    "good.ts": shout,
    "wants.ts": `export default ({ options }) => { if (!options.a) throw new Error("no a"); return {}; };`,
    "broken.ts": `\nconst a = ;\n`,
  });
  const { code, stdout, stderr } = await run(folder, "check");
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "error: 7 problems\n");
  for (
    const part of [
      `protohost.yaml:1:14: log.file: there is no folder ${join(folder.path, "nowhere")}\n`,
      `protohost.yaml:2:19: protocols.own: there is no file ${join(folder.path, "gone.ts")}\n`,
      `protohost.yaml:4:54: services.half.limits.idleTimeot: unknown key, did you mean "idleTimeout"?\n`,
      `protohost.yaml:4:3: services.half: Cannot find the protocol "strange"`,
      `protohost.yaml:5:63: services.wants.option: unknown key, did you mean "options"?\n`,
      `protohost.yaml:6:3: services.whole: Cannot find the protocol "ecko"`,
      `protohost.yaml:7:3: services.broken: Cannot load the service module`,
    ]
  ) {
    assertStringIncludes(stderr, part);
  }
  assertMatch(stderr, /SyntaxError: .* at file:.*broken\.ts:2:11$/m);
});

Deno.test("check says what a module that is no service should have been", async () => {
  await using folder = new TempFolder();
  const modules: Record<string, [code: string, why: string]> = {
    typo: ["export default { onMesage() {} };", "there is no callback onMesage, did you mean onMessage?"],
    named: [
      "export function onMessage() {}",
      "it has no default export, it exports only onMessage: wanted export default { onMessage } or the like",
    ],
    bare: [
      'import "lodash";\nexport default { onMessage() {} };',
      'there is no "lodash" at MODULE:1:8: wanted ./lodash for a file, npm:lodash for a package',
    ],
    throws: [
      'export default () => { throw new RangeError("no database"); };',
      "its function threw RangeError: no database (MODULE:1:30)",
    ],
  };
  const names = Object.keys(modules);
  const services = names.map((name) =>
    `  ${name}: { listen: "text://127.0.0.1:0", handler: ./${name}.ts }\n`
  );
  await folder.write({
    "protohost.yaml": `services:\n${services.join("")}`,
    ...Object.fromEntries(names.map((name) => [`${name}.ts`, modules[name][0]])),
  });
  const { code, stdout } = await run(folder, "check");
  assertEquals(code, 1);
  for (const name of names) {
    const url = toFileUrl(join(folder.path, `${name}.ts`)).href;
    assertStringIncludes(stdout, `: ${modules[name][1].replace("MODULE", url)}\n`);
  }
});

Deno.test("check loads services whose names every object has, and one with a process for each connection", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  constructor: { listen: "text://127.0.0.1:0", handler: ./shout.ts }
  toString: { listen: "text://127.0.0.1:0", handler: "data:text/javascript,export default { onMessage() {} }" }
  valueOf: { listen: "text://127.0.0.1:0", handler: ./shout.ts, isolation: connection }
`,
    "shout.ts": shout,
  });
  const { code, stdout, stderr } = await run(folder, "check", "--json");
  assertEquals([code, stderr], [0, ""]);
  const loaded: { service: { name: string }; loaded: boolean }[] = JSON.parse(stdout);
  assertEquals(loaded.map(({ service, loaded }) => [service.name, loaded]), [
    ["constructor", true],
    ["toString", true],
    ["valueOf", true],
  ]);
});

Deno.test("check describes the hooks of every protocol that a service speaks", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  guard:
    listen: ["resp://127.0.0.1:0", "text://127.0.0.1:0"]
    upstream: tcp://127.0.0.1:9
    hooks: [{ on: FLUSHALL, then: [{ reply: "-ERR refused" }] }]
`,
  });
  const { stdout, stderr } = await run(folder, "check", "--json");
  const [{ hooks: [hook, ...others] }] = JSON.parse(stdout || stderr);
  assertEquals([hook.command, hook.direction, others], ["FLUSHALL", "in", []]);
  // The first protocol counts answers, the second cannot.
  assertMatch(hook.warnings.join("\n"), /^.* the protocol text has no answers .*$/);
});

Deno.test("check runs no callback of a service, and --start runs onStart and then onStop", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  a: { listen: "text://127.0.0.1:0", handler: ./a.ts, permissions: { write: [.] } }
  b: { listen: "text://127.0.0.1:0", handler: ./a.ts, permissions: { write: [.] }, isolation: connection }
`,
    "a.ts": `
const mark = (what) => (context) =>
  Deno.writeTextFileSync(new URL("./" + context.name + ".log", import.meta.url), what + " ", { append: true });
export default { onStart: mark("start"), onStop: mark("stop"), onMessage() {} };
`,
  });
  const plain = await run(folder, "check");
  assertEquals([plain.code, plain.stderr], [0, ""]);
  for (const name of ["a.log", "b.log"]) {
    await assertRejects(() => Deno.stat(folder.at(name)), Deno.errors.NotFound);
  }
  assertEquals((await run(folder, "check", "--start")).code, 0);
  for (const name of ["a.log", "b.log"]) {
    assertEquals(await Deno.readTextFile(folder.at(name)), "start stop ");
  }
});

Deno.test("check says that a certificate cannot be used without starting its service", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  a: { listen: "text+tls://127.0.0.1:0", handler: ./a.ts, tls: { cert: a.pem, key: a.pem } }
`,
    "a.ts": "export default { onMessage() {} };",
    "a.pem": "no certificate",
  });
  const { code, stdout } = await run(folder, "check");
  assertEquals(code, 1);
  assertMatch(stdout, /^ +error +Cannot use .*a\.pem: it contains no certificate in PEM/m);
});

Deno.test("check --start shows warnings and where onStart threw, and --json leaves stdout to the JSON", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml": `services:
  slips: { listen: "text://127.0.0.1:0", handler: ./slips.ts }
  throws: { listen: "text://127.0.0.1:0", handler: ./throws.ts }
`,
    "slips.ts": `console.log("said"); console.table([{ a: 1 }]);
export default { onMesage() {}, onMessage() {} };
`,
    "throws.ts": `export default {
  onStart() { throw new RangeError("no start"); },
};
`,
  });
  const shown = await run(folder, "check", "--start");
  assertEquals(shown.code, 1);
  assertMatch(
    shown.stdout,
    /^ +warning +The handler's onMesage is never called: .* did you mean onMessage\?$/m,
  );
  assertMatch(shown.stdout, /^ +error +no start \(file:.*throws\.ts:2:21\)$/m);
  const json = await run(folder, "check", "--start", "--json");
  const [slips, throws] = JSON.parse(json.stdout);
  assertStringIncludes(slips.warnings.join(), "onMesage");
  assertEquals(throws.error.message, "no start");
  assertStringIncludes(json.stderr, "said");
  assertMatch(json.stderr, /│ +0 +│ +1 +│/);
});

Deno.test("a service downloads no package and writes no lock file; check --fetch fetches before", async () => {
  await using folder = new TempFolder();
  const lock = `${root}/deno.lock`;
  const before = await Deno.readTextFile(lock);
  const handler = (name: string) =>
    `import "npm:${name}";\nexport default { onMessage: (c, line) => void c.send(line) };\n`;
  await folder.write({
    "protohost.yaml": `services: { a: { listen: "text://127.0.0.1:0", handler: ./handler.ts } }\n`,
    "handler.ts": handler("protohost-has-no-such-package@1"),
  });
  for (const command of ["check", "serve"]) {
    const refused = await run(folder, command);
    assertMatch(
      refused.stdout + refused.stderr,
      /"protohost-has-no-such-package" is not in Deno's cache, and services download nothing; download it first: protohost check --fetch/,
    );
  }
  await folder.write({ "handler.ts": handler("ipaddr.js@2") });
  const fetched = await run(folder, "check", "--fetch");
  assertEquals(fetched.code, 0, fetched.stderr);
  assertEquals(await Deno.readTextFile(lock), before);
});

Deno.test("test --json leaves stdout to the JSON, and test shows where a module threw", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "lines.ts": `import { line, text } from "@protohost/protohost";
console.log("said");
const lines = line();
const decode = (frame) => text(lines.unwrap(frame));
export default { name: "lines", input: lines, decode, encode: (message) => lines.wrap(message) };
export const samples = ["a"];
`,
    "throws.ts": "\n  nothing();\n",
  });
  const json = await run(folder, "test", "lines.ts", "--json");
  assertEquals(JSON.parse(json.stdout).passed, true);
  assertEquals(json.stderr, "said\n");
  const thrown = await run(folder, "test", "throws.ts");
  assertEquals(thrown.code, 1);
  assertMatch(thrown.stderr, /ReferenceError: nothing is not defined \(file:.*throws\.ts:2:3\)/);
  const nothing = await run(folder, "test", ".");
  assertStringIncludes(nothing.stderr, "found a folder, wanted a file");
});

Deno.test("run says where listen belongs when a module has it elsewhere", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "elsewhere.ts": `export const listen = "text://127.0.0.1:0";\nexport default { onMessage() {} };`,
  });
  const { code, stderr } = await run(folder, "run", "elsewhere.ts");
  assertEquals(code, 3);
  assertStringIncludes(stderr, `export default defineService({ listen: "text://127.0.0.1:7000", ... })`);
});

Deno.test({
  name: "a server answers, is watched, reloaded, restarted and stopped from another terminal",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    await folder.write(files);
    await using server = new Program(fromSource, ["serve"], folder.path);
    const port = await bannerPort(server, "shout");
    assertEquals(await ask(port, "hello"), "ONE hello");

    const status = await statusOf(folder);
    assertEquals([status.pid, status.state], [server.pid, "running"]);
    assertEquals(portOf(status, "shout"), port);
    const table = await run(folder, "status");
    assertMatch(table.stdout, /^shout +running +text:\/\/127\.0\.0\.1:\d+ +1 /m);
    assertMatch(table.stdout, /^plain ×2 /m);

    using held = await Wire.open(portOf(status, "plain"));
    await held.write("here\n");
    assertEquals(await held.line(), "here");
    const connections = await run(folder, "connections", "plain");
    assertEquals(connections.stdout.trim().split("\n").length, 2);
    assertMatch(connections.stdout, /^plain\.1\.\d\.\d+ +127\.0\.0\.1:\d+ /m);
    assertEquals(JSON.parse((await run(folder, "connections", "shout", "--json")).stdout), []);
    const nobody = await run(folder, "connections", "plane");
    assertEquals(nobody.code, 1);
    assertStringIncludes(nobody.stderr, 'did you mean "plain"?');

    await folder.write({ "shout/main.ts": shout.replace("ONE", "TWO") });
    assertEquals(await run(folder, "restart", "shout"), { code: 0, stdout: "Restarted shout\n", stderr: "" });
    assertEquals(await ask(port, "hello"), "TWO hello");
    await held.write("still here\n");
    assertEquals(await held.line(), "still here");

    const unknown = await run(folder, "restart", "shuot");
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.stderr, '"shout"');

    await folder.write({ "shout/main.ts": "throw new Error('the edit broke it');" });
    for (const command of [["restart", "shout"], ["reload"], ["reload", "shout"]]) {
      const refused = await run(folder, ...command);
      assertEquals(refused.code, 1, command.join(" "));
      assertStringIncludes(refused.stderr, "the edit broke it");
    }
    assertEquals(await ask(port, "hello"), "TWO hello");

    await folder.write({ "shout/main.ts": shout.replace("ONE", "THREE") });
    assertEquals((await run(folder, "reload")).code, 0);
    assertEquals(await ask(port, "hello"), "THREE hello");
    await held.write("even now\n");
    assertEquals(await held.line(), "even now");

    assertEquals((await statusOf(folder)).services.find(({ name }) => name === "plain")?.generation, 1);
    assertEquals((await run(folder, "reload", "shout", "--all")).code, 2);
    assertEquals(await run(folder, "reload", "--all"), { code: 0, stdout: "Reloaded\n", stderr: "" });
    await held.write("from the old one\n");
    assertEquals(await held.line(), "from the old one");

    assertMatch((await run(folder, "status")).stdout, /^plain: generation 1 draining, 1 connection$/m);
    assertMatch((await run(folder, "connections", "plain")).stdout, /^plain\.1\.\S+ .* open, draining /m);

    assertEquals(await run(folder, "stop", "--no-wait"), {
      code: 0,
      stdout: "Stopping once its connections have finished\n",
      stderr: "",
    });
    await held.write("to the end\n");
    assertEquals(await held.line(), "to the end");
    await using waiting = new Program(fromSource, ["stop"], folder.path);
    await waiting.until(/Waiting for 1 connection to finish/);
    held[Symbol.dispose]();
    assertEquals([await waiting.ended(), await server.ended()], [0, 0]);
    assertStringIncludes(waiting.output, "to finish\nStopped\n");
    const gone = await run(folder, "status");
    assertEquals(gone.code, 4);
    assertStringIncludes(gone.stderr, "protohost.sock");
  },
});

Deno.test({
  name: "a server can be started where another has been stopped, connections open",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    await folder.write(files);
    for (const flags of [["--now"], []]) {
      await using server = new Program(fromSource, ["serve"], folder.path);
      using held = await Wire.open(await bannerPort(server, "plain"));
      await held.write("here\n");
      assertEquals(await held.line(), "here");
      const stopped = run(folder, "stop", ...flags);
      // Without --now it waits for this one.
      if (flags.length === 0) {
        await server.until(/draining/);
        held[Symbol.dispose]();
      }
      const { code, stdout } = await stopped;
      assertEquals([code, stdout.endsWith("Stopped\n")], [0, true]);
      await using next = new Program(fromSource, ["serve"], folder.path);
      await bannerPort(next, "plain");
      assertEquals((await run(folder, "stop")).code, 0);
      assertEquals([await server.ended(), await next.ended()], [0, 0]);
    }
  },
});

Deno.test({
  name: "a server drains at the first signal and ends at once at the second",
  ignore: windows,
  async fn() {
    for (const [signal, wanted] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      await using folder = new TempFolder();
      await folder.write(files);
      await using server = new Program(fromSource, ["serve"], folder.path);
      using held = await Wire.open(await bannerPort(server, "plain"));
      await held.write("here\n");
      assertEquals(await held.line(), "here");
      server.signal(signal);
      await server.until(/signal again to exit at once/);
      await held.write("still here\n");
      assertEquals(await held.line(), "still here");
      server.signal(signal);
      assertEquals(await server.ended(), wanted);
    }
  },
});

Deno.test({
  name: "a server that has drained after a signal ends with 0",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    await folder.write(files);
    await using server = new Program(fromSource, ["serve"], folder.path);
    const held = await Wire.open(await bannerPort(server, "plain"));
    server.signal("SIGTERM");
    await server.until(/signal again to exit at once/);
    held[Symbol.dispose]();
    assertEquals(await server.ended(), 0);
  },
});

Deno.test({
  name:
    "a server ends at the second signal though a worker is busy for ever, and at the first while it starts",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    const one = (handler: string) =>
      `services: { one: { listen: "text://127.0.0.1:0", handler: ./${handler} } }\n`;
    await folder.write({
      "busy.yaml": one("busy.ts"),
      "busy.ts":
        `export default { onMessage(connection) { connection.send("busy"); setTimeout(() => { for (;;); }); } };`,
      "slow.yaml": one("slow.ts"),
      "slow.ts": `export default (context) => ({
  onStart() { context.log.info("never to be done"); return new Promise(() => {}); },
});`,
    });
    await using busy = new Program(fromSource, ["serve", "-c", "busy.yaml"], folder.path);
    assertEquals(await ask(await bannerPort(busy, "one"), "go"), "busy");
    busy.signal("SIGTERM");
    await busy.until(/signal again to exit at once/);
    busy.signal("SIGTERM");
    assertEquals(await busy.ended(), 143);

    await using slow = new Program(fromSource, ["serve", "-c", "slow.yaml"], folder.path);
    await slow.until(/never to be done/);
    slow.signal("SIGTERM");
    assertEquals(await slow.ended(), 143);
  },
});

Deno.test({
  name: "TERM while it starts ends all that has started and leaves no socket",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    await folder.write({
      "never.ts": "await new Promise(() => setInterval(() => {}, 1000)); export default {};",
      "protohost.yaml": 'services: { never: { listen: "text+unix://./never.sock", handler: ./never.ts } }',
    });
    await using server = new Program(fromSource, ["serve"], folder.path);
    const path = `${folder.path}/protohost.sock`;
    await until(async () => (await childrenOf(server.pid)).length === 1 && await exists(path));
    const children = await childrenOf(server.pid);
    server.signal("SIGTERM");
    assertEquals(await server.ended(), 143);
    assertEquals(await exists(path), false);
    await until(() => Promise.resolve(children.every((pid) => !isAlive(pid))));
  },
});

Deno.test({
  name: "HUP reloads, and changes nothing when anything is broken",
  ignore: windows,
  async fn() {
    await using folder = new TempFolder();
    await folder.write(files);
    await using server = new Program(fromSource, ["serve"], folder.path);
    const port = await bannerPort(server, "shout");
    await folder.write({ "protohost.yaml": "services: { shout: [" });
    let from = server.output.length;
    server.signal("SIGHUP");
    await server.until(/protohost\.yaml/, from);
    assertEquals(await ask(port, "hello"), "ONE hello");

    await folder.write({
      "protohost.yaml": `services:
  shout: { listen: "text://127.0.0.1:0", handler: ./shout/main.ts }
  more: { listen: "echo://127.0.0.1:0" }
`,
      "shout/main.ts": shout.replace("ONE", "TWO"),
    });
    from = server.output.length;
    server.signal("SIGHUP");
    await server.until(/Reloaded:/, from);
    const status = await statusOf(folder);
    assertEquals(status.services.map(({ name }) => name).sort(), ["more", "shout"]);
    assertEquals(await ask(portOf(status, "shout"), "hello"), "TWO hello");
    assertEquals(await ask(portOf(status, "more"), "hello"), "hello");
  },
});

Deno.test("serve --watch restarts a service when its code changes, and reloads when the configuration does", async () => {
  await using folder = new TempFolder();
  await folder.write({
    ...files,
    "protohost.yaml": `control: false\n${files["protohost.yaml"]}`,
  });
  await using server = new Program(fromSource, ["serve", "--watch"], folder.path);
  const port = await bannerPort(server, "shout");
  using held = await Wire.open(await bannerPort(server, "plain"));
  await held.write("a\n");
  assertEquals(await held.line(), "a");

  let from = server.output.length;
  await folder.write({ "shout/main.ts": shout.replace("ONE", "TWO") });
  await server.until(/shout: Generation \d+ ended/, from);
  assertEquals(await ask(port, "hello"), "TWO hello");

  from = server.output.length;
  await folder.write({ "shout/main.ts": "not TypeScript {" });
  await server.until(/Cannot restart shout/, from);
  assertEquals(await ask(port, "hello"), "TWO hello");

  from = server.output.length;
  await folder.write({ "shout/main.ts": shout.replace("ONE", "THREE") });
  await server.until(/shout: Generation \d+ ended/, from);
  assertEquals(await ask(port, "hello"), "THREE hello");

  from = server.output.length;
  await folder.write({ "protohost.yaml": `# changed\ncontrol: false\n${files["protohost.yaml"]}` });
  await server.until(/Reloaded:/, from);
  await held.write("b\n");
  assertEquals(await held.line(), "b");
});

Deno.test("run serves an address with a bundled protocol", async () => {
  await using folder = new TempFolder();
  await using server = new Program(fromSource, ["run", "echo://127.0.0.1:0"], folder.path);
  assertEquals(await ask(await bannerPort(server, "echo"), "hello"), "hello");
});

Deno.test("run serves an address with a protocol and a handler from files", async () => {
  await using folder = new TempFolder();
  assertEquals((await run(folder, "new", "chat")).code, 0);
  const args = ["run", "chat://127.0.0.1:0", "--handler", "services/chat.ts"];
  await using server = new Program(fromSource, args, folder.path);
  assertEquals(await ask(await bannerPort(server, "chat"), "HELLO world"), "HELLO world");
});

Deno.test("run serves a module that carries its own address", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "mine.ts": shout.replace("({", '({\n  listen: "text://127.0.0.1:0",'),
  });
  await using server = new Program(fromSource, ["run", "mine.ts"], folder.path);
  assertEquals(await ask(await bannerPort(server, "mine"), "hello"), "ONE hello");
});

Deno.test("a server that cannot start ends with 3 and says why", async () => {
  await using folder = new TempFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const inUse = await run(folder, "run", `echo://127.0.0.1:${port}`);
  assertEquals(inUse.code, 3);
  assertStringIncludes(inUse.stderr, String(port));
  const unknown = await run(folder, "run", "ecko://127.0.0.1:0");
  assertEquals(unknown.code, 3);
  assertStringIncludes(unknown.stderr, 'did you mean "echo"?');
  const without = await run(folder, "serve");
  assertEquals(without.code, 3);
  assertStringIncludes(without.stderr, "protohost new");
  await folder.write({ "protohost.yaml": "services: {}" });
  const empty = await run(folder, "serve");
  assertEquals(empty.code, 3);
  assertStringIncludes(empty.stderr, "services");
});

Deno.test("serve without permissions says what to type", async () => {
  await using folder = new TempFolder();
  await folder.write(files);
  const launcher = { ...fromSource, args: ["run", "--quiet", `${root}main.ts`] };
  const { code, stderr } = await runProgram(launcher, ["serve"], folder.path);
  assertEquals(code, 3);
  assertStringIncludes(stderr, "deno run -P=serve --no-prompt main.ts serve");
});

Deno.test("commands for a server end with 4 when none is there", async () => {
  await using folder = new TempFolder();
  await folder.write(files);
  for (const args of [["status"], ["connections"], ["reload"], ["restart", "shout"], ["stop"]]) {
    const { code, stderr } = await run(folder, ...args);
    assertEquals(code, 4, `${args}: ${stderr}`);
    assertStringIncludes(stderr, folder.at("protohost.sock"));
  }
});

Deno.test("what new makes passes check and its tests, and serves", async () => {
  await using folder = new TempFolder();
  const made = await run(folder, "new", "chat");
  assertEquals(made.code, 0, made.stderr);
  assertStringIncludes(made.stdout, "protohost serve");
  assertEquals((await run(folder, "check")).code, 0);
  const tested = await run(folder, "test", "protocols/chat.ts");
  assertEquals(tested.code, 0, tested.stdout);
  assertMatch(tested.stdout, /^\d+ passed, 0 failed$/m);
  for (
    const args of [
      ["test", "--quiet", "--config", `${root}deno.json`, "tests/chat_test.ts"],
      ["check", "--quiet", "--config", `${root}deno.json`, "services/chat.ts"],
      ["fmt", "--check", "--no-config", "protocols", "services", "tests"],
    ]
  ) {
    const { code, stderr } = await runProgram({ command: Deno.execPath(), args: [] }, args, folder.path);
    assertEquals(code, 0, stderr);
  }
  const config = await Deno.readTextFile(folder.at("protohost.yaml"));
  await folder.write({ "protohost.yaml": `control: false\n${config.replace(":7000", ":0")}` });
  await using server = new Program(fromSource, ["serve"], folder.path);
  assertEquals(await ask(await bannerPort(server, "chat"), "HELLO world"), "HELLO world");
});

Deno.test("new overwrites nothing, and says what to add where a configuration is there", async () => {
  await using folder = new TempFolder();
  await folder.write({ "protohost.yaml": "services:\n", "services/chat.ts": "mine" });
  const refused = await run(folder, "new", "chat");
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stderr, "services/chat.ts");
  const left = await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
  assertEquals(left.sort(), [
    "protohost.yaml",
    "services",
  ]);
  const second = await run(folder, "new", "frog");
  assertEquals(second.code, 0, second.stderr);
  assertStringIncludes(second.stdout, 'listen: "frog://127.0.0.1:7000"');
  assertEquals(await Deno.readTextFile(folder.at("protohost.yaml")), "services:\n");
  assertEquals((await run(folder, "new", "Bad Name")).code, 2);
});

Deno.test("test ends with 1 when a protocol does not keep the contract", async () => {
  await using folder = new TempFolder();
  assertEquals((await run(folder, "new", "chat")).code, 0);
  const good = await Deno.readTextFile(folder.at("protocols/chat.ts"));
  // It forgets the line feed, so that its frames never end.
  await folder.write({ "protocols/chat.ts": good.replaceAll("\\n`", "`") });
  const { code, stdout } = await run(folder, "test", "protocols/chat.ts");
  assertEquals(code, 1);
  assertMatch(stdout, /^ {2}✗ /m);
  assertMatch(stdout, /^\d+ passed, [1-9]\d* failed \(seed \d+\)$/m);
  const report = JSON.parse((await run(folder, "test", "protocols/chat.ts", "--json")).stdout);
  assertEquals([report.protocol, report.passed], ["chat", false]);
  await folder.write({ "none.ts": "export default {}" });
  const without = await run(folder, "test", "none.ts");
  assertEquals(without.code, 1);
  assertStringIncludes(without.stderr, "samples");
});

Deno.test("protocols lists what is in the configuration, beside it, and bundled", async () => {
  await using folder = new TempFolder();
  await folder.write({
    "protohost.yaml":
      `protocols: { mine: ./wire/mine.ts }\nservices: { a: { listen: "mine://127.0.0.1:0" } }\n`,
    "wire/mine.ts": "",
    "protocols/text.ts": "",
  });
  const { code, stdout, stderr } = await run(folder, "protocols");
  assertEquals(code, 0, stderr);
  const lines = stdout.trim().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(lines.find(([name]) => name === "mine")?.[1], "configuration");
  assertEquals(lines.filter(([name]) => name === "text").map(([, from]) => from), ["folder"]);
  assertEquals(lines.find(([name]) => name === "jsonnl")?.[1], "bundled");
});

Deno.test("help and version need no permission", async () => {
  await using folder = new TempFolder();
  const launcher = { ...fromSource, args: ["run", "--quiet", "--no-prompt", `${root}main.ts`] };
  for (const args of [["--version"], ["--help"], ["serve", "--help"], ["help", "new"]]) {
    const { code, stdout } = await runProgram(launcher, args, folder.path);
    assertEquals(code, 0);
    assert(stdout.length > 0);
  }
});

Deno.test("hash-password prints the hash of its input's first line", async () => {
  for (
    const [input, password] of [["s3cret\n", "s3cret"], ["naïve words\r\nmore\n", "naïve words"], ["x", "x"]]
  ) {
    const { code, stdout } = await runProgram(fromSource, ["hash-password", "--cost", "10"], root, { input });
    assertEquals(code, 0);
    assert(await verifyPassword(password, stdout.trimEnd()), stdout);
  }
});

Deno.test("hash-password refuses no password and a cost that is out of bounds", async () => {
  for (
    const [input, args, code, complaint] of [
      ["", [], 1, "Cannot hash an empty password"],
      ["x", ["--cost", "21"], 2, "Cannot use 21 as --cost: wanted a number from 10 to 20"],
    ] as const
  ) {
    const outcome = await runProgram(fromSource, ["hash-password", ...args], root, { input });
    assertEquals([outcome.code, outcome.stdout], [code, ""]);
    assertStringIncludes(outcome.stderr, complaint);
  }
});

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-P", String(pid)] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}
