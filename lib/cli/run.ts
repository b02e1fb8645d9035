/**
 * `protohost run ADDRESS|FILE`: serves one address or one service module, without a configuration file.
 *
 * @module
 */

import { basename, extname, resolve } from "@std/path";
import { type ConfigInput, resolveConfig } from "../config/mod.ts";
import { parseEndpoint } from "../contract/endpoint.ts";
import type { Arguments, Command, FlagValues, Help } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { ExitCode } from "./exit_codes.ts";
import { isFile } from "./find_config.ts";
import { loadForStart, runServer } from "./server.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "run ADDRESS|FILE [--handler FILE | --upstream ADDRESS] [--hooks FILE] [--protocol NAME|FILE] ...",
  text: `
Serves one service without a configuration file: at an address, or from a module whose default export
has a "listen" of its own:

  export default defineService({ listen: "text://127.0.0.1:7000", onMessage() {} });

An address is PROTOCOL[+TRANSPORT]://HOST:PORT or PROTOCOL+unix:///PATH. The protocol is
protocols/NAME.ts in the current folder or a bundled one ("protohost protocols" lists them). Some
protocols, such as echo, need no handler. The others need one, or an upstream: a real server behind.`,
  examples: [
    ["protohost run echo://127.0.0.1:7000", "try: nc 127.0.0.1 7000"],
    ["protohost run jsonnl://0.0.0.0:1234 --handler services/chat.ts", "a handler at an address"],
    [
      "protohost run resp://127.0.0.1:7001 --upstream tcp://127.0.0.1:6379 --hooks guard.ts",
      "a hooked proxy",
    ],
    ["protohost run services/chat.ts", "a module with its own listen"],
    ["protohost run tcp://0.0.0.0:1234 --protocol ./mine.ts --handler ./chat.ts", "a protocol from a file"],
  ],
};

const flags = {
  handler: { type: "string", value: "FILE", text: "The handler module" },
  upstream: { type: "string", value: "ADDRESS", text: "The real server behind, instead of a handler" },
  hooks: { type: "string", value: "FILE", text: "A module of hooks" },
  protocol: {
    type: "string",
    value: "NAME|FILE",
    text: "The protocol, instead of the one that the address names",
  },
  instances: { type: "count", value: "N", text: "How many instances share the address (default: 1)" },
  control: { type: "string", value: "PATH", text: "A control socket to open (default: none)" },
  watch: { type: "boolean", text: "Restart when code in the folders of the handler or the protocol changes" },
} as const;

const command: Command<typeof flags> = { help, flags, operands: ["ADDRESS|FILE"], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [target] = args.operands;
  const input = configOf(target, args.flags);
  if (!isAddress(target) && !await isFile(resolve(target))) throw neither(target, "no such file");
  const config = await loadForStart(() => resolveConfig(input, { base: Deno.cwd() }));
  return await runServer(config, terminal, { watch: args.flags.watch });
}

/** The configuration of one service at an address, or as its module says. */
export function configOf(target: string, given: FlagValues<typeof flags>): ConfigInput {
  const { control, protocol, instances, upstream } = given;
  const hooks = given.hooks === undefined ? undefined : [resolve(given.hooks)];
  if (isAddress(target)) {
    const { protocol: name } = parseEndpoint(target);
    const handler = given.handler === undefined ? undefined : resolve(given.handler);
    return {
      control: control ?? false,
      services: { [name || "service"]: { listen: target, handler, upstream, hooks, protocol, instances } },
    };
  }
  if (/^[^/\\]*:\d{1,5}$/.test(target)) throw neither(target, "its protocol is missing");
  for (const flag of ["handler", "upstream"] as const) {
    if (given[flag] === undefined) continue;
    throw new UsageError(`Cannot use --${flag} with the module ${target}: wanted an address`);
  }
  return {
    control: control ?? false,
    services: { [serviceName(target)]: { handler: resolve(target), hooks, protocol, instances } },
  };
}

function isAddress(target: string): boolean {
  return target.includes("://") && !target.startsWith("file:");
}

function neither(target: string, why: string): UsageError {
  const [hostPort] = /(?:\[.*\]|[^:]*):\d{1,5}$/.exec(target) ?? ["127.0.0.1:7000"];
  const example = `text://${hostPort.startsWith(":") ? `127.0.0.1${hostPort}` : hostPort}`;
  return new UsageError(
    `Cannot run "${target}", ${why}: wanted PROTOCOL://HOST:PORT, such as ${example}, or the path of a module`,
  );
}

function serviceName(file: string): string {
  const name = basename(file, extname(file)).replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+/, "");
  return name === "" ? "service" : name;
}
