/**
 * `protohost reload [NAME]`: reloads the configuration and code of a running server.
 *
 * @module
 */

import type { Arguments, Command, Help } from "./command.ts";
import { askServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { serverFlags } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "reload [NAME] [-c FILE | --control PATH]",
  text: `
Reloads the configuration and all code of a running server: every service is replaced, new ones are
started, removed ones are stopped. Open connections are served by the old code until they end or the
drain timeout is over. If anything is broken, nothing changes, and the problems are shown here and
logged by the server. A HUP signal to the server does the same.

With NAME only that service is replaced, as "restart" does.`,
  examples: [
    ["protohost check && protohost reload", "check first; reload checks as well"],
    ["protohost reload chat", "only one service"],
    ["kill -HUP $(protohost status --json | jq .pid)", "the same with a signal"],
  ],
};

const flags = serverFlags;

const command: Command<typeof flags> = { help, flags, operands: ["[NAME]"], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [service] = args.operands;
  await askServer(args.flags, { command: "reload", service });
  terminal.print(service === undefined ? "Reloaded" : `Reloaded ${service}`);
  return EXIT.ok;
}
