/**
 * `protohost restart NAME`: restarts one service of a running server.
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
Restarts one service of a running server with its current code. The configuration is not read again.
The new code is loaded and ready before the old code stops accepting. Open connections are served by
the old code until they end or the drain timeout is over. If the new code does not load, the old code
goes on, and the problem is shown. Other services are not affected.`,
  examples: [["protohost restart chat", "after a change in services/chat.ts"]],
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
