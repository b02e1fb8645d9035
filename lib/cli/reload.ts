/**
 * `protohost reload [NAME]`: reloads the configuration and code of a running server.
 *
 * @module
 */

import type { Arguments, Command, Help } from "./command.ts";
import { UsageError } from "./errors.ts";
import { askServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { serverFlags } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "reload [NAME] [--all] [-c FILE | --control PATH]",
  text: `
Reads the configuration, the code and the certificates of a running server again: services of which
any has changed are replaced, new ones are started, removed ones are stopped, all others are left
alone. Open connections are served by the old code until they end or the drain timeout is
over. If anything is broken, nothing changes, and the problems are shown here and logged by the
server. A HUP signal to the server does the same.

What a service imports by a path is its code. What else it reads, and packages, are not looked at:
--all, or a USR2 signal, replaces every service. "reload: false" in the configuration of a service
leaves it alone in any case.

With NAME that service alone is replaced, by what the configuration says of it now.`,
  examples: [
    ["protohost check && protohost reload", "check first; reload checks as well"],
    ["protohost reload chat", "only one service"],
    ["protohost reload --all", "unchanged services, too"],
    ["kill -HUP $(protohost status --json | jq .pid)", "the same with a signal"],
  ],
};

const flags = {
  ...serverFlags,
  all: { type: "boolean", text: "Replace services that have not changed, too" },
} as const;

const command: Command<typeof flags> = { help, flags, operands: ["[NAME]"], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [service] = args.operands;
  const { all } = args.flags;
  if (all && service !== undefined) throw new UsageError("Cannot use --all with the name of a service");
  await askServer(args.flags, { command: "reload", service, all });
  terminal.print(service === undefined ? "Reloaded" : `Reloaded ${service}`);
  return EXIT.ok;
}
