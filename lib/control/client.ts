/**
 * Asking a running server over its control socket.
 *
 * @module
 */

import { connect } from "../service/connect.ts";
import type { ErrorRecord } from "../error_record.ts";
import type { ControlAsk, ControlCommand, ControlReply, ControlRequest, ControlResults } from "./messages.ts";

/** What a server refused; `code` and `message` are the server's. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.code = record.code;
  }
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
  await using client = await connect<ControlRequest, ControlReply<C>>(`jsonnl+unix://${path}`, {
    // An answer may be long, and a reload may take long.
    limits: { maxFrameBytes: "64MiB", idleTimeout: 0, frameTimeout: 0 },
  });
  const reply = await client.pingPong({ id: 1, ...ask } as ControlRequest);
  if (!reply.ok) throw new ControlError(reply.error);
  return reply.result;
}
