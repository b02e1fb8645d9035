/**
 * The client of the control socket.
 *
 * @module
 */

import type { Client } from "../embed/client.ts";
import { connect } from "../embed/connect.ts";
import { late, settleWithin } from "../base/settle.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import type {
  ControlAsk,
  ControlCommand,
  ControlReply,
  ControlRequest,
  ControlResults,
} from "./control_messages.ts";

/** A request that the server refused; `code` and `message` are the server's. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.code = record.code;
  }
}

/** How a server is to stop. */
export interface ControlStop {
  /** Whether to close connections instead of waiting for them to finish. */
  immediate: boolean;
  /** After so long `onWaiting` is told how many connections are still open. */
  waitingAfterMs: number;
}

/**
 * Sends a server one request and waits for the reply.
 *
 * @param path Path of the control socket.
 * @throws {DialError} If no server listens there.
 * @throws {ControlError} If the server refuses.
 */
export async function controlRequest<C extends ControlCommand>(
  path: string,
  ask: ControlAsk<C>,
): Promise<ControlResults[C]> {
  await using client = await open(path);
  return await request<C>(client, ask);
}

/**
 * Stops a server and waits until it has stopped, which is when it closes the connection.
 *
 * @param path Path of the control socket.
 * @param onWaiting Told how many connections are open, if stopping takes longer than `waitingAfterMs`.
 * @throws {DialError} If no server listens there.
 * @throws {ControlError} If the server refuses.
 */
export async function controlStop(
  path: string,
  { immediate, waitingAfterMs }: ControlStop,
  onWaiting: (open: number) => void,
): Promise<void> {
  await using client = await open(path);
  await request(client, { command: "stop", immediate });
  if (await settleWithin(client.closed, waitingAfterMs) !== late) return;
  const status = await request<"status">(client, { command: "status" }).catch((error) => {
    if (error instanceof ControlError) throw error;
    // It has stopped meanwhile.
    return undefined;
  });
  if (status !== undefined) onWaiting(status.services.reduce((sum, { stats }) => sum + stats.open, 0));
  await client.closed;
}

function open(path: string): Promise<Client<ControlRequest, ControlReply>> {
  return connect(`jsonnl+unix://${path}`, {
    // A reply may be long, and a reload or a drain may take long.
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
