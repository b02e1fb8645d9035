/**
 * `protohost hash-password`: hashes a password for a configuration.
 *
 * @module
 */

import { promptSecret } from "@std/cli/prompt-secret";
import { DEFAULT_LN, hashPassword, MAX_LN, MIN_LN } from "../base/password.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { CommandError, UsageError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "hash-password [--cost N]",
  text: `
Prints the hash of a password (scrypt), for "users" in a configuration:

  users: { ann: "$scrypt$ln=15,r=8,p=1$..." }

In a terminal it asks for the password twice, without showing it. Otherwise it takes the first line of
its input. It takes no password from the command line, which others on the machine can read.`,
  examples: [
    ["protohost hash-password", "asks for the password"],
    ["protohost hash-password < password.txt", "reads it from a file"],
  ],
};

const flags = {
  cost: {
    type: "count",
    value: "N",
    text:
      `From ${MIN_LN} to ${MAX_LN} (default: ${DEFAULT_LN}); each step doubles the memory and time of a check`,
  },
} as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run({ flags: { cost } }: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  if (cost !== undefined && (cost < MIN_LN || cost > MAX_LN)) {
    throw new UsageError(`Cannot use ${cost} as --cost: wanted a number from ${MIN_LN} to ${MAX_LN}`);
  }
  const password = Deno.stdin.isTerminal()
    ? ask()
    : firstLine(await new Response(Deno.stdin.readable).text());
  if (password === "") throw new CommandError("Cannot hash an empty password");
  terminal.print(await hashPassword(password, { ln: cost }));
  return EXIT.ok;
}

function ask(): string {
  // The questions would be mixed with the hash.
  if (!Deno.stdout.isTerminal()) {
    throw new CommandError(
      "Cannot ask for a password: stdout is not a terminal; give the password as input, as in < password.txt",
    );
  }
  const [password, again] = ["Password:", "Again:"].map((prompt) => promptSecret(prompt, { mask: "" }));
  if (password !== again) throw new CommandError("The two passwords differ");
  return password ?? "";
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0];
}
