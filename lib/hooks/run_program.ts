/**
 * Running a program for an event.
 *
 * @module
 */

import type { ActionEvent } from "./action_event.ts";

/** What a program gets. */
export interface ProgramInput {
  service: string;
  event: ActionEvent;
  /** The message as JSON. */
  message: string;
  /** Kills the program. */
  signal: AbortSignal;
}

/** A variable of the environment is cut at this many characters. */
const MAX_VARIABLE = 1024;

/**
 * Runs a program, without a shell. Its standard input is the message as JSON; its environment has the rest of the event as
 * `PROTOHOST_SERVICE`, `_EVENT`, `_COMMAND`, `_DIRECTION`, `_CONNECTION`, `_REMOTE` and `_AT`.
 *
 * @throws {Error} If it cannot be run, is killed, or ends with another code than 0.
 */
export async function runProgram(
  [program, ...args]: readonly string[],
  { service, event, message, signal }: ProgramInput,
): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    env: environmentOf(service, event),
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  function kill(): void {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  if (signal.aborted) kill();
  signal.addEventListener("abort", kill);
  try {
    // A program may end without reading its input.
    feed(child.stdin, message).catch(() => {});
    const status = await child.status;
    if (signal.aborted) throw signal.reason;
    if (!status.success) throw new Error(`${program} ended with ${status.signal ?? `code ${status.code}`}`);
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

function environmentOf(service: string, { connection, ...event }: ActionEvent): Record<string, string> {
  const values = { service, ...event, connection: connection.id, remote: connection.remote };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `PROTOHOST_${name.toUpperCase()}`,
      // The client chooses the command, and NUL would end a variable.
      value.replaceAll("\0", "").slice(0, MAX_VARIABLE),
    ]),
  );
}
