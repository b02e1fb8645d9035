/**
 * `protohost reload [NAME]`: has a running server read its configuration and code again.
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
Has a running server read its configuration again, load all code anew, and then replace every
service, start what was added and stop what was removed. Open connections finish on the old code,
or reach the drain timeout. If anything is broken, nothing changes, and what is wrong is shown
here and logged there. The same as a HUP signal to the server.

With NAME it replaces that service alone, as "restart" does.`,
  examples: [
    ["protohost check && protohost reload", "looks first; reload itself looks too"],
    ["protohost reload chat", "one service"],
    ["kill -HUP $(protohost status --json | jq .pid)", "the same by a signal"],
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
