/**
 * Where hooks look at commands, a proxy forwards only what every server reads as the hooks are shown it. Pure.
 *
 * | a command | is |
 * | --- | --- |
 * | with control characters, bytes that are not UTF-8, or a verb that is not of letters; a line that is too long | refused |
 * | `BDAT` where CHUNKING was not offered | refused |
 * | `MAIL` or `RCPT` with blanks before the path, no brackets or a source route | put in its plain form |
 * | `MAIL` or `RCPT` whose path or parameters cannot be read, or which may mean another mailbox | refused |
 *
 * The paths of `MAIL` and `RCPT` matter only where a hook asks for these commands.
 *
 * @module
 */

import { ambiguityOf } from "./address.ts";
import { type Command, type CommandFault, plainCommand } from "./command.ts";
import { type Reply, reply } from "./reply.ts";
import type { SmtpSession } from "./session.ts";

const FAULTS: Readonly<Record<CommandFault, Reply>> = {
  too_long: reply("500 5.5.2 Line too long"),
  not_utf8: reply("500 5.5.2 The line is not UTF-8"),
  bad_characters: reply("500 5.5.2 Control character or blank where none may be"),
};

/** What is answered to a line that is no command. */
export function refusalOfFault(fault: CommandFault): Reply {
  return FAULTS[fault];
}

/** Why a command goes no further; undefined if it may. `isHooked` says whether a hook asks for commands of this name. */
export function refusalOfAmbiguous(
  command: Command,
  session: SmtpSession,
  { isHooked }: { isHooked: boolean },
): Reply | undefined {
  const { verb, fault } = command;
  if (fault !== undefined) return refusalOfFault(fault);
  if (verb === "BDAT" && !session.offersChunking) return reply("503 5.5.1 CHUNKING was not offered");
  return isHooked && hasPath(verb) ? refusalOfPath(command) : undefined;
}

/** A command with a path in its plain form; undefined if that is how it came. */
export function plainForm(command: Command): Command | undefined {
  const plain = plainCommand(command);
  return plain?.args === command.args ? undefined : plain;
}

function hasPath(verb: string): boolean {
  return verb === "MAIL" || verb === "RCPT";
}

function refusalOfPath(command: Command): Reply | undefined {
  const [wanted, enhanced] = command.verb === "MAIL" ? ["MAIL FROM", "5.1.7"] : ["RCPT TO", "5.1.3"];
  const plain = plainCommand(command);
  if (plain?.address === undefined) return reply(`501 5.5.4 Wanted ${wanted}:<address> and parameters`);
  const ambiguity = ambiguityOf(plain.path ?? plain.address);
  return ambiguity === undefined ? undefined : reply(`501 ${enhanced} ${ambiguity}`);
}
