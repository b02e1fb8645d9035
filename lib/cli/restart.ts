/**
 * `protohost restart NAME`: replaces one service of a running server.
 *
 * @module
 */

import type { Arguments, Command, Help } from "./command.ts";
import { askServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { serverFlags } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "restart NAME [-c FILE | --control PATH]",
  text: `
Replaces one service of a running server by its code of now; the configuration is not read again.
The new code is loaded and ready before the old one stops accepting, and open connections finish
on the old code, or reach the drain timeout. If the new code does not load, the old one goes on,
and what is wrong is shown. Other services do not notice.`,
  examples: [["protohost restart chat", "after an edit of services/chat.ts"]],
};

const flags = serverFlags;

const command: Command<typeof flags> = { help, flags, operands: ["NAME"], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [service] = args.operands;
  await askServer(args.flags, { command: "restart", service });
  terminal.print(`Restarted ${service}`);
  return EXIT.ok;
}
