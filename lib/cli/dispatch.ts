/**
 * From a command line to an exit code.
 *
 * @module
 */

import { CHILD_COMMAND } from "../isolation/child_command.ts";
import { nearest } from "../base/suggest.ts";
import { readArguments } from "./arguments.ts";
import { commands } from "./commands.ts";
import { CommandError, UsageError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import { permissionAdvice, PermissionError } from "./permission_advice.ts";
import type { Terminal } from "./terminal.ts";
import { describeVersion } from "./version.ts";

/** Runs a command line (without the program's name). Never rejects: problems are printed. */
export async function dispatch(args: string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  try {
    if (name === "--version" || name === "-V" || name === "version") {
      terminal.print(describeVersion());
      return EXIT.ok;
    }
    if (name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
      terminal.print(overviewHelp(terminal.paint));
      return EXIT.ok;
    }
    if (name === CHILD_COMMAND) {
      const { hostInstance } = await import("../worker/child_host.ts");
      await hostInstance(Number(rest[0]));
      return EXIT.ok;
    }
    if (name === undefined) {
      terminal.complain(overviewHelp(terminal.complaintPaint));
      return EXIT.usage;
    }
    return name === "help"
      ? await runCommand(rest[0], ["--help"], terminal)
      : await runCommand(name, rest, terminal);
  } catch (error) {
    return explain(error, args, terminal);
  }
}

async function runCommand(name: string, args: string[], terminal: Terminal): Promise<ExitCode> {
  const entry = commands.find((entry) => entry.name === name);
  if (!entry) throw unknownCommand(name);
  const { default: command } = await entry.load();
  if (asksForHelp(args)) {
    terminal.print(commandHelp(command, terminal.paint));
    return EXIT.ok;
  }
  return await command.run(readArguments(command, args), terminal);
}

function asksForHelp(args: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith("-")) return new UsageError(`The command comes first: found the flag "${name}"`);
  const guess = nearest(name, commands.map((entry) => entry.name));
  return new UsageError(
    `Unknown command "${name}"${guess === undefined ? "" : `, did you mean "${guess}"?`}`,
  );
}

function explain(error: unknown, args: string[], terminal: Terminal): ExitCode {
  const label = terminal.complaintPaint.red("error");
  if (error instanceof UsageError) {
    const known = commands.some((entry) => entry.name === args[0]);
    terminal.complain(`${label}: ${error.message}`);
    terminal.complain(`See "protohost ${known ? `${args[0]} ` : ""}--help"`);
    return EXIT.usage;
  }
  if (error instanceof CommandError) {
    terminal.complain(`${label}: ${error.message}`);
    return error.exitCode;
  }
  if (error instanceof PermissionError || error instanceof Deno.errors.NotCapable) {
    terminal.complain(`${label}: ${error.message.replace(/, run again with .*$/s, "")}`);
    terminal.complain(permissionAdvice(args, Deno.mainModule));
    return EXIT.cannotStart;
  }
  // An error with a code is expected: its message is enough. Any other is a bug and needs its stack.
  const { code, message, stack } = error instanceof Error
    ? error as Error & { code?: unknown }
    : { code: undefined, message: String(error), stack: undefined };
  terminal.complain(`${label}: ${typeof code === "string" ? message : stack ?? message}`);
  return EXIT.failed;
}
