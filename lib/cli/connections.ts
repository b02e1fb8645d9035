/**
 * `protohost connections [SERVICE]`: the open connections of a running server.
 *
 * @module
 */

import type { ConnectionInfo } from "../contract/stats.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { askServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { jsonFlag, serverFlags } from "./flags.ts";
import { formatDuration, formatSize } from "../base/units.ts";
import { formatTable } from "./table.ts";
import type { Paint, Terminal } from "./terminal.ts";

const help: Help = {
  usage: "connections [SERVICE] [-c FILE | --control PATH] [--json]",
  text: `
Shows the open connections of a running server, or of one service: addresses, age, time since the
last byte, bytes received and sent, and bytes that wait to be sent. An ID is
SERVICE.GENERATION.INSTANCE.NUMBER. A connection of a replaced generation is "draining".`,
  examples: [
    ["protohost connections", "all connections"],
    ["protohost connections chat", "the connections of one service"],
    ["protohost connections --json | jq length", "their number"],
  ],
};

const flags = { ...serverFlags, json: jsonFlag } as const;

const command: Command<typeof flags> = { help, flags, operands: ["[SERVICE]"], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const [service] = args.operands;
  const connections = await askServer(args.flags, { command: "connections", service });
  terminal.print(
    args.flags.json ? JSON.stringify(connections, null, 2) : formatConnections(connections, terminal.paint),
  );
  return EXIT.ok;
}

/** Formats connections as a table. */
export function formatConnections(connections: ConnectionInfo[], paint: Paint): string {
  if (connections.length === 0) return "No open connections";
  const titles = ["ID", "FROM", "TO", "OVER", "STATE", "AGE", "IDLE", "IN", "OUT", "QUEUED"];
  const rows = connections.map((one) => [
    one.id,
    one.remote,
    one.local,
    one.transport,
    one.draining ? `${one.state}, draining` : one.state,
    formatDuration(one.ageMs),
    formatDuration(one.idleMs),
    formatSize(one.bytesRead),
    formatSize(one.bytesWritten),
    formatSize(one.queuedBytes),
  ]);
  return formatTable(titles, rows, { right: [5, 6, 7, 8, 9], title: paint.bold });
}
