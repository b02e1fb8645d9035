/**
 * The table at the end of a soak.
 *
 * @module
 */

import { format as formatBytes } from "@std/fmt/bytes";
import type { SoakService } from "./services.ts";
import type { Holdings } from "./server.ts";
import type { Tally } from "./tally.ts";

/** Formats what was counted, and what was held before and after. */
export function formatReport(
  services: readonly SoakService[],
  tally: Tally,
  { before, after, seed, seconds }: { before: Holdings; after: Holdings; seed: number; seconds: number },
): string {
  const rows = services.map(({ name, transport, isolation }) => {
    const { connections, replies, excused, wrong, lost, unanswered, deeds } = tally.of(name);
    const done = [...deeds].map(([deed, times]) => `${times} ${deed}`).join(", ");
    const where = `${transport}, ${isolation}`;
    return [name, where, connections, replies, wrong, lost, excused, unanswered, done].map(String);
  });
  const head = [
    "service",
    "",
    "connections",
    "replies",
    "wrong",
    "lost",
    "under fault",
    "datagrams lost",
    "done to it",
  ];
  return [
    `${Math.round(seconds)} s, seed ${seed}`,
    "",
    ...align([head, ...rows]),
    "",
    ...align([
      ["", "before", "after"],
      ["processes", String(before.processes), String(after.processes)],
      ["threads", String(before.threads), String(after.threads)],
      ["descriptors", String(before.descriptors), String(after.descriptors)],
      ["memory", ...[before, after].map(({ memoryBytes }) => formatBytes(memoryBytes, { binary: true }))],
    ]),
    ...(tally.findings.length === 0 ? [] : ["", "What went wrong:"]),
    ...tally.findings.map(({ service, what, atMs }) =>
      `  ${(atMs / 1000).toFixed(1)} s  ${service}: ${what}`
    ),
  ].join("\n");
}

function align(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
}
