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
Shows the open connections of a running server, or of one service: who, for how long, how long
nothing has moved, what was received and sent, and what waits to be sent. An identifier is
SERVICE.GENERATION.INSTANCE.NUMBER; one whose generation was replaced is "draining".`,
  examples: [
    ["protohost connections", "all of them"],
    ["protohost connections chat", "those of one service"],
    ["protohost connections --json | jq length", "how many there are"],
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

/** Connections for people. */
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
