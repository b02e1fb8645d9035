/**
 * A reload by HUP, for the program from source and for the executable.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { type Launcher, Program, runProgram, TempFolder } from "../support/program.ts";
import { Wire } from "../support/wire.ts";

const YAML = `defaults: { permissions: { read: ../lib } }
services:
  one: { listen: "text://127.0.0.1:0", handler: ../services/one.ts }
  two: { listen: "text://127.0.0.1:0", handler: ../services/two.ts, isolation: worker }
  own: { listen: "mine://127.0.0.1:0", handler: ../services/two.ts }
  each: { listen: "text://127.0.0.1:0", handler: ../services/one.ts, isolation: connection }
`;

const own = (name: string) =>
  `export default {
  name: "mine",
  input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
  decode: (frame) => "${name} " + new TextDecoder().decode(frame).trim(),
  encode: (text) => text + "\\n",
};
`;

/** HUP replaces what has changed, in an import of an import and in a protocol's file, and leaves the rest alone. */
export async function testReload(launcher: Launcher): Promise<void> {
  await using folder = new TempFolder();
  await folder.write({
    "conf/protohost.yaml": YAML,
    "conf/protocols/mine.ts": own("first"),
    "services/one.ts": `import { say } from "../lib/deep/say.ts";
export default { onMessage(connection, line) { connection.send(say(line)); } };
`,
    "services/two.ts": "export default { onMessage(connection, line) { connection.send(line); } };",
    "lib/deep/say.ts": 'import { word } from "../word.ts";\nexport const say = (line) => word + " " + line;',
    "lib/word.ts": 'export const word = "first";',
  });
  await using server = new Program(launcher, ["serve", "-c", "conf/protohost.yaml"], folder.path);
  await server.until(/Ctrl-C stops/);

  async function status(): Promise<ServerStatus> {
    const args = ["status", "--json", "-c", "conf/protohost.yaml"];
    return JSON.parse((await runProgram(launcher, args, folder.path)).stdout);
  }
  async function generations(): Promise<number[]> {
    return (await status()).services.map(({ generation }) => generation);
  }
  async function connect(service: string): Promise<Wire> {
    const { addresses } = (await status()).services.find(({ name }) => name === service)!;
    return await Wire.open(Number(/:(\d+)$/.exec(addresses[0])![1]));
  }
  async function said(wire: Wire, line: string): Promise<string> {
    await wire.write(`${line}\n`);
    return await wire.line();
  }
  async function signal(name: "SIGHUP" | "SIGUSR2", reported: RegExp): Promise<void> {
    const from = server.output.length;
    server.signal(name);
    await server.until(reported, from);
  }

  using one = await connect("one");
  using two = await connect("two");
  assertEquals([await said(one, "x"), await said(two, "x")], ["first x", "x"]);
  await signal("SIGHUP", /Reloaded: 0 services replaced, 0 added, 0 removed, 4 left alone/);
  // Written again, and the same.
  await folder.write({ "lib/word.ts": 'export const word = "first";' });
  await signal("SIGHUP", /Reloaded: 0 services replaced, 0 added, 0 removed, 4 left alone/);
  assertEquals(await generations(), [1, 1, 1, 1]);

  await folder.write({ "lib/word.ts": 'export const word = "second";' });
  await signal("SIGHUP", /Reloaded: 2 services replaced, 0 added, 0 removed, 2 left alone/);
  assertEquals(await generations(), [2, 1, 1, 2]);
  using again = await connect("one");
  assertEquals([await said(again, "x"), await said(one, "x"), await said(two, "x")], [
    "second x",
    "first x",
    "x",
  ]);

  await folder.write({ "conf/protocols/mine.ts": own("second") });
  await signal("SIGHUP", /Reloaded: 1 service replaced, 0 added, 0 removed, 3 left alone/);
  using mine = await connect("own");
  assertEquals(await said(mine, "x"), "second x");

  // A file takes the place of a bundled protocol.
  await folder.write({ "conf/protocols/text.ts": own("third") });
  await signal("SIGHUP", /Reloaded: 3 services replaced, 0 added, 0 removed, 1 left alone/);
  using replaced = await connect("two");
  assertEquals(await said(replaced, "x"), "third x");

  await folder.write({ "conf/protohost.yaml": YAML.replace("isolation: worker", "options: { a: 1 }") });
  await signal("SIGHUP", /Reloaded: 1 service replaced, 0 added, 0 removed, 3 left alone/);
  const before = await generations();
  await signal("SIGUSR2", /Reloaded: 4 services replaced, 0 added, 0 removed, 0 left alone/);
  assertEquals(await generations(), before.map((generation) => generation + 1));
}
