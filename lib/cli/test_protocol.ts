/**
 * `protohost test FILE`: the conformance suite on a protocol's module.
 *
 * @module
 */

import { relative, resolve, toFileUrl } from "@std/path";
import { consoleToStderr } from "../log/console_to_stderr.ts";
import { placeOf } from "../base/error_place.ts";
import { readableFailure, reasonOf } from "../modules/load_failure.ts";
import { bundlingHint } from "../modules/load_module.ts";
import { type CheckOptions, inspectProtocol, type ProtocolReport } from "../testing/mod.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { CommandError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { requirePermissions } from "./permission_advice.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "test FILE [--seed N] [--json]",
  text: `
Checks that a protocol keeps the contract whatever the network does to its bytes: every frame split
at every position, sent byte by byte and all at once, written and read back, too long, cut off, and
random bytes.

FILE is a module whose default export is the protocol. It also exports the messages to test with:

  export const samples = [{ verb: "HELLO", rest: "world" }];

If the server's messages have a codec of their own ("reply"), it exports "replySamples" as well.`,
  examples: [
    ["protohost test protocols/chat.ts", "a line for each check; exits with 1 if one fails"],
    ["protohost test protocols/chat.ts --seed 1234", "repeats a run with the seed that it printed"],
  ],
};

const flags = {
  seed: { type: "count", value: "N", text: "Repeat the random choices of an earlier run" },
  json: { type: "boolean", text: "Print the report as JSON" },
} as const;

const command: Command<typeof flags> = { help, flags, operands: ["FILE"], run };
export default command;

type TestedModule = Partial<CheckOptions> & { default?: unknown };

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [file] = args.operands;
  const path = resolve(file);
  requirePermissions({ name: "read", path });
  if (args.flags.json) consoleToStderr();
  const { default: protocol, ...exports } = await load(path);
  if (!exports.samples?.length) {
    throw new CommandError(
      `Cannot test ${file}: it exports no samples\n` +
        `Add some messages, such as: export const samples = ["hello"];`,
    );
  }
  // The suite itself reports what is wrong if it is not a protocol.
  const options = { ...exports, samples: exports.samples, seed: args.flags.seed ?? exports.seed };
  const report = inspectProtocol(protocol as Parameters<typeof inspectProtocol>[0], options);
  if (args.flags.json) terminal.print(JSON.stringify(report, null, 2));
  else print(report, relative(Deno.cwd(), path), terminal);
  return report.passed ? EXIT.ok : EXIT.failed;
}

async function load(path: string): Promise<TestedModule> {
  if (await isFolder(path)) throw new CommandError(`Cannot load ${path}: found a folder, wanted a file`);
  const { href } = toFileUrl(path);
  try {
    return await import(href);
  } catch (thrown) {
    const cause = readableFailure(thrown);
    const why = reasonOf(cause);
    const where = cause instanceof Error ? placeOf(cause) : "";
    throw new CommandError(`Cannot load ${path}: ${why}${where}${bundlingHint(why, href)}`, { cause });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    // If there is nothing, loading it fails and says so.
    return false;
  }
}

function print(report: ProtocolReport, file: string, { print, paint }: Terminal): void {
  print(`${paint.bold(report.protocol)}  ${paint.dim(file)}`);
  for (const { name, passed, detail } of report.checks) {
    print(
      `  ${passed ? paint.green("✓") : paint.red("✗")} ${name}${detail === undefined ? "" : `: ${detail}`}`,
    );
  }
  for (const name of report.notRun) {
    print(`  ${paint.yellow("-")} ${name}: not run, it depends on a check that failed`);
  }
  const failed = report.checks.filter((check) => !check.passed).length;
  const passed = report.checks.length - failed;
  print(`${passed} passed, ${failed} failed${failed > 0 ? ` (seed ${report.seed})` : ""}`);
}
