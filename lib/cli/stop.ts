/**
 * `protohost stop`: stops a running server, and waits until it has stopped.
 *
 * @module
 */

import type { Arguments, Command, Help } from "./command.ts";
import { askServer, stopServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { serverFlags } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

/** After so long the command says what it waits for. */
const PATIENCE_MS = 1000;

const help: Help = {
  usage: "stop [--now] [--no-wait] [-c FILE | --control PATH]",
  text: `
Stops a running server: it stops accepting, lets connections finish until the drain timeout, and
exits. With --now it cuts them. The same as one TERM signal to the server, or two. The command returns
when the server has stopped, so that another one can start; Ctrl-C only ends the waiting.`,
  examples: [
    ["protohost stop", "the server of ./protohost.yaml"],
    ["protohost stop --now", "without waiting for connections"],
    ["protohost stop --no-wait", "return at once, while connections finish"],
  ],
};

const flags = {
  ...serverFlags,
  now: { type: "boolean", text: "Cut open connections" },
  "no-wait": { type: "boolean", text: "Do not wait until the server has stopped" },
} as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const { now = false, "no-wait": leave = false } = args.flags;
  if (leave) {
    await askServer(args.flags, { command: "stop", immediate: now });
    terminal.print(now ? "Stopping at once" : "Stopping once its connections have finished");
    return EXIT.ok;
  }
  await stopServer(args.flags, { immediate: now, waitingAfterMs: PATIENCE_MS }, (open) => {
    terminal.print(`Waiting for ${open} ${open === 1 ? "connection" : "connections"} to finish`);
  });
  terminal.print("Stopped");
  return EXIT.ok;
}
