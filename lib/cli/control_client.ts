/**
 * Asks a running server over its control socket.
 *
 * @module
 */

import { controlRequest } from "../control/client.ts";
import type { ControlAsk, ControlCommand, ControlResults } from "../control/messages.ts";
import { DialError } from "../transport/dial.ts";
import { findControlPath, type ServerFlags } from "./control_path.ts";
import { CommandError } from "./errors.ts";
import { EXIT } from "./exit_codes.ts";

/**
 * Asks a server for one thing.
 *
 * @throws {CommandError} If there is no server.
 * @throws {ControlError} If the server refuses.
 */
export async function askServer<C extends ControlCommand>(
  flags: ServerFlags,
  ask: ControlAsk<C>,
): Promise<ControlResults[C]> {
  const path = await findControlPath(flags);
  try {
    return await controlRequest<C>(path, ask);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    throw new CommandError(
      `No server listens at the control socket ${path}\n` +
        `Start one with "protohost serve", or name another by -c FILE or --control PATH`,
      { cause: error, exitCode: EXIT.noServer },
    );
  }
}
