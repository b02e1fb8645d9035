/**
 * Talks to a running server over its control socket.
 *
 * @module
 */

import { controlRequest, type ControlStop, controlStop } from "../control/control_client.ts";
import type { ControlAsk, ControlCommand, ControlResults } from "../control/control_messages.ts";
import { DialError } from "../transport/dial.ts";
import { findControlPath, type ServerFlags } from "./control_path.ts";
import { CommandError } from "./errors.ts";
import { EXIT } from "./exit_codes.ts";

/**
 * Sends a server one request.
 *
 * @throws {CommandError} If there is no server, or it is another user's.
 * @throws {ControlError} If the server refuses.
 */
export async function askServer<C extends ControlCommand>(
  flags: ServerFlags,
  ask: ControlAsk<C>,
): Promise<ControlResults[C]> {
  return await reached(flags, (path) => controlRequest<C>(path, ask));
}

/**
 * Stops a server, and waits until it has stopped.
 *
 * @param waits Told how many connections are open, if it takes longer than `waitingAfterMs`.
 * @throws {CommandError} If there is no server, or it is another user's.
 * @throws {ControlError} If the server refuses.
 */
export async function stopServer(
  flags: ServerFlags,
  options: ControlStop,
  waits: (open: number) => void,
): Promise<void> {
  await reached(flags, (path) => controlStop(path, options, waits));
}

async function reached<T>(flags: ServerFlags, act: (path: string) => Promise<T>): Promise<T> {
  const path = await findControlPath(flags);
  try {
    return await act(path);
  } catch (error) {
    throw error instanceof DialError ? unreachable(path, error) : error;
  }
}

/** What is wrong when the control socket cannot be connected to. */
export function unreachable(path: string, cause: DialError): CommandError {
  if (cause.cause instanceof Deno.errors.PermissionDenied) {
    return new CommandError(
      `Permission denied at the control socket ${path}: it is open to its owner alone\n` +
        "Run this as the user that the server runs as",
      { cause, exitCode: EXIT.denied },
    );
  }
  return new CommandError(
    `No server listens at the control socket ${path}\n` +
      `Start one with "protohost serve", or name another by -c FILE or --control PATH`,
    { cause, exitCode: EXIT.noServer },
  );
}
