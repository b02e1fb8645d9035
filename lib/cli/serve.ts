/**
 * `protohost serve`: serves a configuration file.
 *
 * @module
 */

import { loadConfig } from "../config/mod.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { findConfig } from "./find_config.ts";
import { configFlag } from "./flags.ts";
import { loadForStart, runServer } from "./server.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "serve [-c FILE] [--watch]",
  text: `
Serves a configuration file until it is stopped.

  HUP               reads the configuration, code and certificates again, and replaces the services
                    of which any has changed; if anything is broken, nothing changes
  USR2              the same, and replaces unchanged services, too
  USR1              opens the log file again
  TERM, INT, QUIT   stops accepting, lets connections finish until the drain timeout, and exits;
                    a second one exits at once
  protohost status, connections, reload, restart, stop
                    control it from another terminal, over the control socket

The log goes to the terminal, or with "log: { file: PATH }" to that file.

With --watch a service is restarted when code (.ts, .js, .wasm and the like) in the folders of its
handler or its protocols changes, and everything is reloaded when the configuration changes.`,
  examples: [
    ["protohost serve", "serves ./protohost.yaml"],
    ["protohost serve -c /etc/protohost.yaml", "another file; paths in it are relative to its folder"],
    ["protohost serve --watch", "during development"],
  ],
};

const flags = {
  config: configFlag,
  watch: {
    type: "boolean",
    text: "Restart services when their code changes, reload when the configuration changes",
  },
} as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const file = await findConfig(args.flags.config, EXIT.cannotStart);
  const config = await loadForStart(() => loadConfig(file));
  return await runServer(config, terminal, { watch: args.flags.watch });
}
