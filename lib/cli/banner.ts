/**
 * What the terminal shows once a server is ready.
 *
 * @module
 */

import type { ServerStatus } from "../supervisor/server_status.ts";
import { formatRows } from "./table.ts";
import type { Paint } from "./terminal.ts";

/** What listens where, where the control socket is, and how to stop the server. */
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
    Deno.build.os === "windows" ? "Ctrl-C stops it" : `Ctrl-C stops it, kill -HUP ${status.pid} reloads it`,
  ];
  return [
    `protohost ${status.version} is ready`,
    ...formatRows(rows).map((line) => `  ${line}`),
    ...hints.map((line) => paint.dim(`  ${line}`)),
  ].join("\n");
}
