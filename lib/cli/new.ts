/**
 * `protohost new NAME`: creates a protocol, a service, a configuration and a test to start from.
 *
 * @module
 */

import { dirname } from "@std/path";
import { bundledProtocols } from "../modules/bundled.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { CommandError, UsageError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { requirePermissions } from "./permission_advice.ts";
import { nextPort, scaffold } from "./scaffold.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "new NAME",
  text: `
Creates a protocol and a service of that name in the current folder:

  protocols/NAME.ts    the wire format: three functions
  services/NAME.ts     what to do with a message
  tests/NAME_test.ts   a test of the wire format
  protohost.yaml       where to listen
  deno.json            for editors and "deno test"

The name must not be that of a bundled protocol ("protohost protocols" lists them). Nothing is
overwritten: if protohost.yaml or deno.json exists already, the lines to add are shown.`,
  examples: [["protohost new chat", "then: protohost serve"]],
};

const flags = {} as const;

const command: Command<typeof flags> = { help, flags, operands: ["NAME"], run };
export default command;

const transports = ["tcp", "tls", "udp", "unix"];

async function run({ operands: [name] }: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  if (!/^[a-z][a-z0-9_-]*$/.test(name) || transports.includes(name)) {
    throw new UsageError(
      `Cannot name a protocol "${name}": wanted lower-case letters, digits, - and _, and not ${
        transports.join(", ")
      }`,
    );
  }
  if (Object.hasOwn(bundledProtocols, name)) {
    throw new UsageError(
      `Cannot name a protocol "${name}": a bundled one has that name; wanted another name, ` +
        `or to serve the bundled one: protohost run ${name}://127.0.0.1:7000 --handler FILE`,
    );
  }
  requirePermissions({ name: "read", path: Deno.cwd() }, { name: "write", path: Deno.cwd() });
  const port = nextPort(readIfThere("protohost.yaml") ?? "");
  const files = scaffold(name, port);
  const inTheWay = files.filter((file) => file.add === undefined && readIfThere(file.path) !== undefined);
  if (inTheWay.length > 0) {
    throw new CommandError(
      `Nothing was written: ${inTheWay.map((file) => file.path).join(", ")} would be overwritten`,
    );
  }
  for (const { path, text, add } of files) {
    const there = readIfThere(path);
    if (there === undefined) {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, text, { createNew: true });
      terminal.print(`${terminal.paint.green("created")}  ${path}`);
    } else if (add && !there.includes(add.unless)) {
      terminal.print(
        `${terminal.paint.yellow("kept")}     ${path}, which exists already; for ${name}, add these lines:`,
      );
      terminal.print(`\n${add.lines}`);
    }
  }
  printNext(name, port, terminal);
  return EXIT.ok;
}

function printNext(name: string, port: number, { print, paint }: Terminal): void {
  print(`
Next:
  protohost test protocols/${name}.ts   ${paint.dim("# tests the wire format")}
  protohost serve --watch   ${paint.dim("# serves it, and restarts it when you save a file")}
  nc 127.0.0.1 ${port}   ${paint.dim("# in a second terminal; then type: HELLO world")}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
