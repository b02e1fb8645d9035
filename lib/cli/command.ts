/**
 * The parts of a command. Each command has a file of its own, always in the same order: doc, help, flags, run.
 *
 * @module
 */

import type { ExitCode } from "./exit_codes.ts";
import type { Terminal } from "./terminal.ts";

/** A flag: `--name`, and `-s` if it has a short form. */
export interface Flag {
  type: "boolean" | "string" | "count";
  short?: string;
  /** What help calls its value. */
  value?: string;
  /** What it does, in a line. */
  text: string;
}

/** The flags of a command by their long names. */
export type Flags = Record<string, Flag>;

/** The value given for each flag. */
export type FlagValues<F extends Flags> = {
  [K in keyof F]?: F[K]["type"] extends "boolean" ? boolean : F[K]["type"] extends "count" ? number : string;
};

/** What `protohost COMMAND --help` shows besides the flags. */
export interface Help {
  /** The command line's form, without the program's name. */
  usage: string;
  /** What the command does, and what one should know about it. */
  text: string;
  /** Command lines, each with what it does. */
  examples: [line: string, what: string][];
}

/** The arguments of a command line. */
export interface Arguments<F extends Flags> {
  flags: FlagValues<F>;
  operands: string[];
}

/** A command. */
export interface Command<F extends Flags = Flags> {
  help: Help;
  flags: F;
  /** The names of its operands; one in brackets may be left out. */
  operands: string[];
  /** Does the work. A rejection with a `CommandError` ends it with that error's exit code. */
  run(args: Arguments<F>, terminal: Terminal): Promise<ExitCode>;
}
