/**
 * What a server says of itself once it is ready.
 *
 * @module
 */

import type { ServerStatus } from "../supervisor/server_status.ts";
import { formatRows } from "./table.ts";
import type { Paint } from "./terminal.ts";

/** What listens where, where the control socket is, and how to stop. */
export function formatBanner(status: ServerStatus, paint: Paint): string {
  const rows = status.services.map((service) => {
    const workers = service.instances.length;
    return [
      paint.bold(service.name),
      service.addresses.join(", "),
      paint.dim(workers > 1 ? `${workers} instances` : ""),
    ];
  });
  const hints = [
    ...(status.control === undefined ? [] : [`control ${status.control}`]),
    Deno.build.os === "windows" ? "Ctrl-C stops" : `Ctrl-C stops, kill -HUP ${status.pid} reloads`,
  ];
  return [
    `protohost ${status.version} is ready`,
    ...formatRows(rows).map((line) => `  ${line}`),
    ...hints.map((line) => paint.dim(`  ${line}`)),
  ].join("\n");
}
