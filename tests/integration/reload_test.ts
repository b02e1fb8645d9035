/**
 * What a reload changes and what it leaves alone, by the program itself: signals, files, connections.
 */

import { assertEquals, assertMatch } from "@std/assert";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { fromSource, Program, runProgram, TempFolder } from "../support/program.ts";
import { testReload } from "./reload_suite.ts";
import { until, Wire } from "../support/wire.ts";

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "HUP leaves a service alone whose code and configuration are unchanged",
  ignore,
  fn: () => testReload(fromSource),
});

const greets = (word: string) =>
  `import { word } from "../lib/word.ts";
export default { onMessage(connection, line) { connection.send(word + " ${word} " + line); } };
`;

/** A server with services whose code is in folders beside each other. */
async function serving(yaml: string): Promise<{ folder: TempFolder; server: Program }> {
  const folder = new TempFolder();
  await folder.write({
    "conf/protohost.yaml": yaml,
    "services/a.ts": greets("a"),
    "services/b.ts": greets("b"),
    "lib/word.ts": 'export const word = "one";',
  });
  const server = new Program(fromSource, ["serve", "-c", "conf/protohost.yaml"], folder.path);
  await server.until(/Ctrl-C stops/);
  return { folder, server };
}

async function statusOf(folder: TempFolder): Promise<ServerStatus> {
  const { stdout } = await runProgram(
    fromSource,
    ["status", "--json", "-c", "conf/protohost.yaml"],
    folder.path,
  );
  return JSON.parse(stdout);
}

function generationsOf(status: ServerStatus): Record<string, number> {
  return Object.fromEntries(status.services.map(({ name, generation }) => [name, generation]));
}

/** A connection to a service. */
async function connectTo(folder: TempFolder, service: string): Promise<Wire> {
  const { addresses } = (await statusOf(folder)).services.find(({ name }) => name === service)!;
  return await Wire.open(Number(/:(\d+)$/.exec(addresses[0])![1]));
}

async function said(wire: Wire, line: string): Promise<string> {
  await wire.write(`${line}\n`);
  return await wire.line();
}

const read = "permissions: { read: ../lib }";

Deno.test({
  name: "reload: false keeps a service through HUP and USR2, and its name applies the change",
  ignore,
  async fn() {
    const yaml = `services:
  a: { listen: "text://127.0.0.1:0", handler: ../services/a.ts, ${read}, reload: false }
  b: { listen: "text://127.0.0.1:0", handler: ../services/b.ts, ${read} }
`;
    const { folder, server } = await serving(yaml);
    await using _ = folder;
    await using __ = server;
    using held = await connectTo(folder, "a");
    assertEquals(await said(held, "x"), "one a x");
    await folder.write({ "lib/word.ts": 'export const word = "two";' });
    for (const [signal, generation] of [["SIGHUP", 2], ["SIGUSR2", 3]] as const) {
      const from = server.output.length;
      server.signal(signal);
      await server.until(/a: Changed, and left as it is because of reload: false/, from);
      await server.until(/Reloaded: 1 service replaced, 0 added, 0 removed, 1 left alone/, from);
      assertEquals(generationsOf(await statusOf(folder)), { a: 1, b: generation });
    }
    const { stdout } = await runProgram(
      fromSource,
      ["reload", "a", "-c", "conf/protohost.yaml"],
      folder.path,
    );
    assertEquals(stdout, "Reloaded a\n");
    using next = await connectTo(folder, "a");
    assertEquals(await said(next, "x"), "two a x");
    assertEquals(await said(held, "y"), "one a y");
  },
});

Deno.test({
  name: "reload of one service applies what the configuration says of it, and of no other",
  ignore,
  async fn() {
    const yaml = (what: string) =>
      `services:
  a: { listen: "text://127.0.0.1:0", handler: ../services/${what}.ts, ${read} }
  b: { listen: "text://127.0.0.1:0", handler: ../services/${what}.ts, ${read} }
`;
    const { folder, server } = await serving(yaml("a"));
    await using _ = folder;
    await using __ = server;
    await folder.write({ "conf/protohost.yaml": `${yaml("b")}  c: { listen: "echo://127.0.0.1:0" }\n` });
    const reload = (name: string) =>
      runProgram(fromSource, ["reload", name, "-c", "conf/protohost.yaml"], folder.path);
    assertEquals((await reload("a")).code, 0);
    using a = await connectTo(folder, "a");
    using b = await connectTo(folder, "b");
    assertEquals([await said(a, "x"), await said(b, "x")], ["one b x", "one a x"]);
    assertEquals((await reload("c")).code, 0);
    assertEquals(generationsOf(await statusOf(folder)), { a: 2, b: 1, c: 1 });
    await folder.write({ "conf/protohost.yaml": yaml("b") });
    assertEquals((await reload("c")).code, 0);
    await until(async () => (await statusOf(folder)).services.length === 2);
    const unknown = await reload("zzz");
    assertEquals(unknown.code, 1);
    assertMatch(unknown.stderr, /Cannot find the service "zzz": there are a, b/);
  },
});

Deno.test({
  name:
    "HUP replaces a service whose certificate has changed, and leaves one alone whose certificate has not",
  ignore,
  async fn() {
    const fixtures = new URL("../fixtures/tls/", import.meta.url);
    const yaml = `services:
  a: { listen: "text+tls://127.0.0.1:0", handler: ../services/a.ts, tls: { cert: a.crt, key: a.key }, ${read} }
  b: { listen: "text+tls://127.0.0.1:0", handler: ../services/b.ts, tls: { cert: b.crt, key: b.key }, ${read} }
`;
    const pair = async (name: string, fixture: string) => ({
      [`conf/${name}.crt`]: await Deno.readTextFile(new URL(`${fixture}.crt`, fixtures)),
      [`conf/${name}.key`]: await Deno.readTextFile(new URL(`${fixture}.key`, fixtures)),
    });
    await using folder = new TempFolder();
    await folder.write({
      "conf/protohost.yaml": yaml,
      "services/a.ts": greets("a"),
      "services/b.ts": greets("b"),
      "lib/word.ts": 'export const word = "one";',
      ...await pair("a", "one"),
      ...await pair("b", "one"),
    });
    await using server = new Program(fromSource, ["serve", "-c", "conf/protohost.yaml"], folder.path);
    await server.until(/Ctrl-C stops/);
    server.signal("SIGHUP");
    await server.until(/Reloaded: 0 services replaced, 0 added, 0 removed, 2 left alone/);
    await folder.write(await pair("a", "two"));
    server.signal("SIGHUP");
    await server.until(/Reloaded: 1 service replaced, 0 added, 0 removed, 1 left alone/);
    assertEquals(generationsOf(await statusOf(folder)), { a: 2, b: 1 });
  },
});

Deno.test({
  name: "a new service cannot have the address of one that is left alone",
  ignore,
  async fn() {
    const one =
      'a: { listen: "text://127.0.0.1:0", handler: ../services/a.ts, permissions: { read: ../lib } }';
    const { folder, server } = await serving(`services:\n  ${one}\n`);
    await using _ = folder;
    await using __ = server;
    const { services: [{ addresses: [address] }] } = await statusOf(folder);
    await folder.write({
      "conf/protohost.yaml": `services:\n  ${one}\n  b: { listen: "${address.replace("text", "echo")}" }\n`,
    });
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.until(/b: Cannot listen at echo:\/\/127\.0\.0\.1:\d+: service a listens there/, from);
    assertEquals(generationsOf(await statusOf(folder)), { a: 1 });
  },
});

Deno.test({
  name: "the log is opened again on USR1, and when the file is renamed",
  ignore,
  async fn() {
    const { folder, server } = await serving(`log: { file: ../a.log }
services:
  a: { listen: "text://127.0.0.1:0", handler: ../services/a.ts, permissions: { read: ../lib } }
`);
    await using _ = folder;
    await using __ = server;
    const log = folder.at("a.log");
    const text = async (path: string) => await Deno.readTextFile(path).catch(() => "");
    await Deno.rename(log, `${log}.1`);
    server.signal("SIGUSR1");
    await until(async () => (await Deno.stat(log).catch(() => undefined)) !== undefined);
    assertEquals(await text(log), "");
    // At most a second after a renaming, whoever does not signal.
    await Deno.rename(log, `${log}.2`);
    await until(async () => {
      await runProgram(fromSource, ["restart", "a", "-c", "conf/protohost.yaml"], folder.path);
      return (await text(log)).includes("serving");
    });
    server.signal("SIGTERM");
    assertEquals(await server.ended(), 0);
    assertMatch(await text(log), /Stopping/);
  },
});

Deno.test({
  name: "QUIT lets connections finish, and a second one ends with 131",
  ignore,
  async fn() {
    const yaml = `services:
  a: { listen: "text://127.0.0.1:0", handler: ../services/a.ts, ${read} }
`;
    for (const twice of [false, true]) {
      const { folder, server } = await serving(yaml);
      await using _ = folder;
      await using __ = server;
      using held = await connectTo(folder, "a");
      assertEquals(await said(held, "x"), "one a x");
      server.signal("SIGQUIT");
      await server.until(/Stopping/);
      assertEquals(await said(held, "y"), "one a y");
      if (twice) server.signal("SIGQUIT");
      else held[Symbol.dispose]();
      assertEquals(await server.ended(), twice ? 131 : 0);
    }
  },
});
