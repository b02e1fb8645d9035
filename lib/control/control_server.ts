/**
 * The control socket: a service in the main isolate through which commands reach the supervisor.
 *
 * @module
 */

import type { Connection } from "../contract/connection.ts";
import { toErrorRecord } from "../base/error_record.ts";
import { listen, type Server } from "../embed/listen.ts";
import { nearest } from "../base/suggest.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { UnknownServiceError } from "../supervisor/supervisor_error.ts";
import { ControlConnections, MAX_CONNECTIONS, MAX_PENDING } from "./control_connections.ts";
import type { ControlReply, ControlRequest, ControlResults } from "./control_messages.ts";

/** Only the owner may connect. */
const SOCKET_MODE = 0o600;
/** How long a client may be connected without a request. */
const SILENT_MS = 10_000;

/** An invalid request; `code` is `bad_request`. */
export class ControlRequestError extends TypeError {
  override readonly name = "ControlRequestError";
  readonly code = "bad_request";
}

/** More requests are pending than may be; `code` is `busy`. */
export class ControlBusyError extends Error {
  override readonly name = "ControlBusyError";
  readonly code = "busy";
}

/**
 * Opens the control socket of a server.
 *
 * @param path Absolute path.
 * @param options.silentMs How long a client may be connected without a request. @default {10_000}
 * @throws {ListenError} If it cannot listen there, for instance because another server does.
 */
export async function serveControl(
  path: string,
  supervisor: Supervisor,
  options: { silentMs?: number } = {},
): Promise<Server> {
  const connections = new ControlConnections(options.silentMs ?? SILENT_MS);
  return await listen(`jsonnl+unix://${path}`, {
    name: "control",
    mode: SOCKET_MODE,
    // A reload or a drain takes as long as it takes, and a client may wait for its end: silence is what ends a connection.
    // There is room beyond those that stay, so that silent ones can give way.
    limits: {
      maxFrameBytes: "64KiB",
      maxConnections: 2 * MAX_CONNECTIONS,
      frameTimeout: "5s",
      handlerTimeout: 0,
      idleTimeout: 0,
    },
    onConnect: (connection: Connection) => connections.opened(connection),
    onClose: (connection: Connection) => connections.closed(connection),
    async onMessage(connection: Connection<ControlReply>, message: unknown) {
      await connections.serve(connection, async () => {
        const reply = await handle(message, supervisor, connections.isBusy);
        connection.send(reply);
        return reply.ok && (message as ControlRequest).command === "stop";
      });
    },
  });
}

async function handle(message: unknown, supervisor: Supervisor, isBusy: boolean): Promise<ControlReply> {
  const { id } = Object(message);
  const known = typeof id === "number" || typeof id === "string" ? id : null;
  try {
    const request = checkRequest(message);
    if (isBusy && request.command !== "status") {
      throw new ControlBusyError(
        `Cannot ${request.command} now: ${MAX_PENDING} requests are pending already`,
      );
    }
    return { id: known, ok: true, result: await execute(request, supervisor) };
  } catch (error) {
    const { stack: _, ...record } = toErrorRecord(error);
    return { id: known, ok: false, error: record };
  }
}

async function execute(
  request: ControlRequest,
  supervisor: Supervisor,
): Promise<ControlResults[keyof ControlResults]> {
  switch (request.command) {
    case "status":
      await supervisor.refresh();
      return supervisor.status();
    case "connections": {
      const all = await supervisor.connections();
      if (request.service === undefined) return all;
      const names = supervisor.status().services.map(({ name }) => name);
      if (!names.includes(request.service)) throw new UnknownServiceError(request.service, names);
      return all.filter(({ service }) => service === request.service);
    }
    case "reload":
      if (request.service === undefined) await supervisor.reload(undefined, { all: request.all ?? false });
      else await supervisor.reloadService(request.service);
      return null;
    case "restart":
      await supervisor.restart(request.service);
      return null;
    case "stop":
      // Not awaited: the reply must leave before the socket closes.
      supervisor.stop({ immediate: request.immediate ?? false });
      return null;
    default:
      return request satisfies never;
  }
}

const commands: Readonly<Record<ControlRequest["command"], readonly string[]>> = {
  status: [],
  connections: ["service?"],
  reload: ["service?", "all?"],
  restart: ["service"],
  stop: ["immediate?"],
};

function checkRequest(message: unknown): ControlRequest {
  const { id, command, service, immediate, all } = Object(message);
  if (typeof id !== "number" && typeof id !== "string") {
    throw new ControlRequestError(
      `Cannot handle a request without an id: wanted one such as {"id": 1, "command": "status"}`,
    );
  }
  if (typeof command !== "string" || !Object.hasOwn(commands, command)) {
    const names = Object.keys(commands);
    const guess = nearest(String(command), names);
    const hint = guess === undefined ? `wanted one of ${names.join(", ")}` : `did you mean "${guess}"?`;
    throw new ControlRequestError(`Unknown command ${JSON.stringify(command)}: ${hint}`);
  }
  if (service === undefined ? command === "restart" : typeof service !== "string") {
    throw new ControlRequestError(
      `Cannot ${command} service ${JSON.stringify(service)}: wanted the name of a service`,
    );
  }
  if (immediate !== undefined && typeof immediate !== "boolean") {
    throw new ControlRequestError(
      `Cannot stop with immediate ${JSON.stringify(immediate)}: wanted true or false`,
    );
  }
  if (all !== undefined && typeof all !== "boolean") {
    throw new ControlRequestError(`Cannot reload with all ${JSON.stringify(all)}: wanted true or false`);
  }
  return message as ControlRequest;
}
