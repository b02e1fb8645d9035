/**
 * Reads a command's arguments by its flags and operands.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../base/suggest.ts";
import type { Arguments, Command, Flags } from "./command.ts";
import { UsageError } from "./errors.ts";

/**
 * Reads the arguments that follow a command's name.
 *
 * @throws {UsageError} On an unknown flag (with the nearest one), a flag without its value, a missing or extra operand.
 */
export function readArguments<F extends Flags>(command: Command<F>, args: string[]): Arguments<F> {
  const names = Object.keys(command.flags);
  const booleans = names.filter((name) => command.flags[name].type === "boolean");
  const strings = names.filter((name) => command.flags[name].type !== "boolean");
  const parsed = parseArgs(args, {
    boolean: booleans,
    string: [...strings, "_"],
    alias: Object.fromEntries(
      names.flatMap((name) => command.flags[name].short ? [[name, command.flags[name].short]] : []),
    ),
    unknown: (arg, key) => {
      if (key !== undefined) throw unknownFlag(arg, names);
    },
  });
  const flags: Record<string, unknown> = {};
  for (const name of names) {
    const { type, value } = command.flags[name];
    if (parsed[name] === undefined || parsed[name] === false) continue;
    if (parsed[name] === "") {
      throw new UsageError(`Missing value after --${name}: wanted ${value ?? "a value"}`);
    }
    flags[name] = type === "count" ? readCount(name, parsed[name]) : parsed[name];
  }
  const operands = parsed._.map(String);
  const required = command.operands.filter((name) => !name.startsWith("["));
  if (operands.length < required.length) {
    throw new UsageError(`Missing ${required.slice(operands.length).join(" ")}`);
  }
  if (operands.length > command.operands.length) {
    throw new UsageError(`Unexpected argument "${operands[command.operands.length]}"`);
  }
  return { flags: flags as Arguments<F>["flags"], operands };
}

function unknownFlag(arg: string, names: string[]): UsageError {
  const name = arg.replace(/^-+/, "").replace(/=.*$/s, "");
  const guess = nearest(name, names);
  return new UsageError(`Unknown flag "${arg}"${guess === undefined ? "" : `, did you mean --${guess}?`}`);
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new UsageError(`Cannot use "${text}" as --${name}: wanted a whole number of at least 1`);
  }
  return count;
}
