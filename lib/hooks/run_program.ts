/**
 * Running a program for an event.
 *
 * @module
 */

import type { HookEvent } from "./action_event.ts";

/**
 * Runs a program, without a shell: the message is JSON on its standard input, the rest of the event stands in its
 * environment as `PROTOHOST_SERVICE`, `_EVENT`, `_COMMAND`, `_DIRECTION`, `_CONNECTION`, `_REMOTE` and `_AT`.
 *
 * @param signal Kills it.
 * @throws {Error} If it cannot be run, is killed, or ends with another code than 0.
 */
export async function runProgram(
  [program, ...args]: readonly string[],
  { event, message, signal }: { event: Omit<HookEvent, "message">; message: string; signal: AbortSignal },
): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    env: environmentOf(event),
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
    // It may end without having read: that is its own affair.
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

function environmentOf({ connection, ...event }: Omit<HookEvent, "message">): Record<string, string> {
  const values = { ...event, connection: connection.id, remote: connection.remote };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `PROTOHOST_${name.toUpperCase()}`,
      // A client chooses the command; NUL ends a variable and 1024 characters say enough.
      value.replaceAll("\0", "").slice(0, 1024),
    ]),
  );
}
