/**
 * `protohost protocols`: lists the protocols that an address can name.
 *
 * @module
 */

import { fromFileUrl, relative, toFileUrl } from "@std/path";
import type { BundledName } from "../modules/bundled.ts";
import { loadConfig } from "../config/mod.ts";
import { listProtocols, type ProtocolEntry } from "../modules/find_protocol.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { CommandError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { findConfig } from "./find_config.ts";
import { configFlag, jsonFlag } from "./flags.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "protocols [-c FILE] [--json]",
  text: `
Lists the protocols that an address can name: those under "protocols" in the configuration, then
protocols/NAME.ts beside it (or in the current folder if there is no configuration), then the bundled
ones. Of two with the same name, the first is used.`,
  examples: [
    ["protohost protocols", "then: protohost run NAME://127.0.0.1:7000 --handler FILE"],
    ["protohost new chat", "creates one"],
  ],
};

const flags = { config: configFlag, json: jsonFlag } as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

/** What each bundled protocol speaks. */
export const SUMMARIES: Readonly<Record<BundledName, string>> = {
  echo: "Sends back whatever comes; needs no handler",
  frame: "Bytes after their length in 4 bytes, big endian",
  jsonnl: "One JSON value per line",
  raw: "Bytes as they come",
  resp: "Redis: RESP2 and RESP3, commands and replies",
  smtp: "Mail: for a handler, into Maildirs or to a relay; needs no handler",
  text: "One line of text per message",
};

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const entries = await listProtocols(await sourcesFor(args.flags.config));
  if (args.flags.json) {
    terminal.print(JSON.stringify(entries, null, 2));
    return EXIT.ok;
  }
  const rows = entries.map((entry) => [entry.name, entry.from, describe(entry)]);
  terminal.print(formatTable(["NAME", "FROM", "WHAT"], rows, { title: terminal.paint.bold }));
  return EXIT.ok;
}

async function sourcesFor(
  given: string | undefined,
): Promise<{ protocols: Record<string, string>; base: string }> {
  try {
    return await loadConfig(await findConfig(given, EXIT.failed));
  } catch (error) {
    if (given !== undefined || !(error instanceof CommandError)) throw error;
    return { protocols: {}, base: `${toFileUrl(Deno.cwd()).href}/` };
  }
}

function describe(entry: ProtocolEntry): string {
  if (entry.url === undefined) return SUMMARIES[entry.name as BundledName];
  return entry.url.startsWith("file:") ? relative(Deno.cwd(), fromFileUrl(entry.url)) : entry.url;
}
