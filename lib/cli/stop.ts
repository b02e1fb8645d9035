/**
 * `protohost stop`: has a running server drain and end.
 *
 * @module
 */

import type { Arguments, Command, Help } from "./command.ts";
import { askServer } from "./control_client.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { serverFlags } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "stop [--now] [-c FILE | --control PATH]",
  text: `
Has a running server stop accepting, let its connections finish until the drain timeout, and end.
With --now it cuts them. The same as a TERM signal to the server, or two of them.`,
  examples: [
    ["protohost stop", "the server of ./protohost.yaml"],
    ["protohost stop --now", "without waiting for connections"],
  ],
};

const flags = { ...serverFlags, now: { type: "boolean", text: "Cut open connections" } } as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  await askServer(args.flags, { command: "stop", immediate: args.flags.now ?? false });
  terminal.print(args.flags.now ? "Stopping at once" : "Stopping, once its connections have finished");
  return EXIT.ok;
}
