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
Serves what a configuration file says, until it is told to stop.

  HUP               read the configuration and all code again; if anything is broken nothing changes
  TERM, INT         stop accepting, let connections finish until the drain timeout, end;
                    a second one ends at once
  protohost status, connections, reload, restart, stop
                    the same and more from another terminal, over the control socket

What happens is written to the terminal, or with "log: { file: PATH }" to that file in the
terminal's place.

With --watch a service is restarted when code (.ts, .js and their like, .wasm) in the folders of
its handler or its protocols changes, and everything is reloaded when the configuration does.`,
  examples: [
    ["protohost serve", "serves ./protohost.yaml"],
    ["protohost serve -c /etc/protohost.yaml", "another file; paths in it start from its folder"],
    ["protohost serve --watch", "while you write a service"],
  ],
};

const flags = {
  config: configFlag,
  watch: {
    type: "boolean",
    text: "Restart services when their code changes, reload when the configuration does",
  },
} as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const file = await findConfig(args.flags.config, EXIT.cannotStart);
  const config = await loadForStart(() => loadConfig(file));
  return await runServer(config, terminal, { watch: args.flags.watch });
}
