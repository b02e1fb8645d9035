/**
 * `protohost status`: the services of a running server.
 *
 * @module
 */

import type { PoolStatus } from "../spec/pool_spec.ts";
import type { InstanceStatus, ServerStatus, ServiceStatus } from "../supervisor/server_status.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { askServer } from "./running_server.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { jsonFlag, serverFlags } from "./flags.ts";
import { formatDuration, formatSize } from "../base/units.ts";
import { formatTable } from "./table.ts";
import type { Paint, Terminal } from "./terminal.ts";

const help: Help = {
  usage: "status [-c FILE | --control PATH] [--json]",
  text: `
Shows each service of a running server: its state, addresses, generation and time since its start,
counters, and last error. Below the table are draining generations, errors by code, and what hooks
count. Instances with processes of their own have a line each, with PID and memory; HUP to that process
restarts the service.`,
  examples: [
    ["protohost status", "the server of ./protohost.yaml"],
    ["protohost status --control /run/protohost.sock", "another server"],
    ["protohost status --json | jq '.services[] | {name, state}'", "names and states as JSON"],
  ],
};

const flags = { ...serverFlags, json: jsonFlag } as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const status = await askServer(args.flags, { command: "status" });
  terminal.print(
    args.flags.json ? JSON.stringify(status, null, 2) : formatStatus(status, terminal.paint, Date.now()),
  );
  return EXIT.ok;
}

/** Columns that are aligned to the right. */
const NUMBERS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** The status of a server as text. */
export function formatStatus(status: ServerStatus, paint: Paint, now: number): string {
  const lines = [
    `protohost ${status.version}, ${paintState(status.state, paint)}, pid ${status.pid}` +
    (status.started === undefined ? "" : `, up ${formatDuration(now - status.started)}`),
  ];
  if (status.config !== undefined) lines.push(paint.dim(`configuration ${status.config}`));
  if (status.control !== undefined) lines.push(paint.dim(`control ${status.control}`));
  if (!status.portSharing) lines.push(paint.dim("one instance per service: this system cannot share ports"));
  const apart = status.services.some((service) => processesOf(service).length > 0);
  const titles = [
    "SERVICE",
    "STATE",
    "ADDRESS",
    "GEN",
    "UP",
    "OPEN",
    "ACCEPTED",
    "IN",
    "OUT",
    "ERRORS",
    "CRASHES",
    ...(apart ? ["PID", "MEMORY"] : []),
  ];
  const rows = status.services.flatMap((service) => rowsOf(service, paint, now));
  lines.push("", formatTable(titles, rows, { right: NUMBERS, title: paint.bold }));
  for (const service of status.services) {
    lines.push(...remarksOn(service).map((remark) => `${paint.yellow(service.name)}: ${remark}`));
  }
  return lines.join("\n");
}

function rowsOf(service: ServiceStatus, paint: Paint, now: number): string[][] {
  const { stats, addresses: [first = "-", ...others] } = service;
  const [process = [], ...processes] = processesOf(service);
  const serving = service.instances.filter((one) => one.generation === service.generation).length;
  const errors = Object.values(stats.errors).reduce((sum, count) => sum + count, 0);
  return [
    [
      serving > 1 ? `${service.name} ×${serving}` : service.name,
      paintState(service.state, paint),
      first,
      String(service.generation),
      service.since === undefined ? "-" : formatDuration(now - service.since),
      String(stats.open),
      String(stats.accepted),
      formatSize(stats.bytesIn),
      formatSize(stats.bytesOut),
      String(errors),
      String(service.crashes),
      ...process,
    ],
    ...Array.from({ length: Math.max(others.length, processes.length) }, (_, i) => [
      ...["", "", others[i] ?? "", "", "", "", "", "", "", "", ""].slice(0, i < processes.length ? 11 : 3),
      ...processes[i] ?? [],
    ]),
  ];
}

/** Process and memory of each instance that has a process of its own, serving ones first. */
function processesOf(service: ServiceStatus): string[][] {
  if (service.isolation === undefined || service.isolation === "worker") return [];
  return service.instances.filter(({ pid }) => pid !== undefined)
    .sort((a, b) => b.generation - a.generation || a.instance - b.instance)
    .map(({ pid, memoryBytes }) => [String(pid), memoryBytes === undefined ? "-" : formatSize(memoryBytes)]);
}

/** Lines for what does not fit in the table. */
function remarksOn({ stats, generation, instances, lastError }: ServiceStatus): string[] {
  const draining = Map.groupBy(
    instances.filter((one) => one.generation < generation),
    (one) => one.generation,
  );
  return [
    ...[...draining].map(([number, old]) => {
      const open = old.reduce((sum, one) => sum + (one.open ?? 0), 0);
      return `generation ${number} draining, ${open === 1 ? "1 connection" : `${open} connections`}`;
    }),
    ...describePool(instances),
    ...(Object.keys(stats.errors).length > 0 ? [`errors ${listCounts(stats.errors)}`] : []),
    ...(Object.keys(stats.counts).length > 0 ? [`counted ${listCounts(stats.counts)}`] : []),
    ...(lastError ? [`${lastError.message} (${lastError.code})`] : []),
  ];
}

/** The processes that serve connections, of all instances together. */
function describePool(instances: readonly InstanceStatus[]): string[] {
  const pools = instances.flatMap(({ pool }) => pool ?? []);
  if (pools.length === 0) return [];
  const sum = (key: keyof PoolStatus) => pools.reduce((sum, pool) => sum + pool[key], 0);
  const waiting = sum("waiting");
  return [
    `${sum("processes")} processes for connections, ${sum("busy")} busy, ${sum("spare")} spare` +
    (waiting === 0 ? "" : `; ${waiting === 1 ? "1 connection waits" : `${waiting} connections wait`}`),
  ];
}

function listCounts(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ");
}

function paintState(state: string, paint: Paint): string {
  if (state === "running") return paint.green(state);
  return state === "failed" || state === "stopped" ? paint.red(state) : paint.yellow(state);
}
