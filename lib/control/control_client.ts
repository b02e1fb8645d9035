/**
 * Asking a running server over its control socket.
 *
 * @module
 */

import { type Client, connect } from "../embed/connect.ts";
import { late, settleWithin } from "../base/settle.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import type {
  ControlAsk,
  ControlCommand,
  ControlReply,
  ControlRequest,
  ControlResults,
} from "./control_messages.ts";

/** What a server refused; `code` and `message` are the server's. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.code = record.code;
  }
}

/** How a server is asked to stop. */
export interface ControlStop {
  /** Cut connections instead of waiting for them to finish. */
  immediate: boolean;
  /** After so long it is told for how many connections the server waits. */
  patienceMs: number;
}

/**
 * Asks a server for one thing and waits for the answer.
 *
 * @param path Path of the control socket.
 * @throws {DialError} If no server listens there.
 * @throws {ControlError} If the server refuses.
 */
export async function controlRequest<C extends ControlCommand>(
  path: string,
  ask: ControlAsk<C>,
): Promise<ControlResults[C]> {
  await using client = await reach(path);
  return await request<C>(client, ask);
}

/**
 * Has a server stop, and waits until it has: that is when it closes the connection.
 *
 * @param path Path of the control socket.
 * @param waits Told how many connections are open, if it takes longer.
 * @throws {DialError} If no server listens there.
 * @throws {ControlError} If the server refuses.
 */
export async function controlStop(
  path: string,
  { immediate, patienceMs }: ControlStop,
  waits: (open: number) => void,
): Promise<void> {
  await using client = await reach(path);
  await request(client, { command: "stop", immediate });
  if (await settleWithin(client.closed, patienceMs) !== late) return;
  const status = await request<"status">(client, { command: "status" }).catch((error) => {
    if (error instanceof ControlError) throw error;
    // It has stopped in the meantime.
    return undefined;
  });
  if (status !== undefined) waits(status.services.reduce((sum, { stats }) => sum + stats.open, 0));
  await client.closed;
}

function reach(path: string): Promise<Client<ControlRequest, ControlReply>> {
  return connect(`jsonnl+unix://${path}`, {
    // An answer may be long, and a reload or a drain may take long.
    limits: { maxFrameBytes: "64MiB", idleTimeout: 0, frameTimeout: 0 },
  });
}

async function request<C extends ControlCommand>(
  client: Client<ControlRequest, ControlReply>,
  ask: ControlAsk<C>,
): Promise<ControlResults[C]> {
  const reply = await client.pingPong({ id: 1, ...ask } as ControlRequest) as ControlReply<C>;
  if (!reply.ok) throw new ControlError(reply.error);
  return reply.result;
}
