/**
 * The standard streams of a child process, as lines in the log.
 *
 * @module
 */

import { serviceLog } from "../log/log.ts";

/** A longer line is split. */
const MAX_LINE = 8192;
/** At most this many bytes are read per second. The rest waits in the pipe, and so does the writer. */
const MAX_PER_SECOND = 64 * 1024;

/** Logs the lines of a stream until its end. */
export async function logOutput(
  stream: AsyncIterable<Uint8Array>,
  { service, level }: { service: string; level: "info" | "warning" },
): Promise<void> {
  const decoder = new TextDecoder();
  const log = serviceLog(service);
  let rest = "";
  let taken = 0;
  let since = performance.now();
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) write(line);
      if (rest.length > MAX_LINE) rest = write(rest);
      taken += chunk.length;
      if (taken < MAX_PER_SECOND) continue;
      await pause(since + 1000 - performance.now());
      [taken, since] = [0, performance.now()];
    }
  } catch { /* the process was killed */ }
  write(rest);

  function write(line: string): string {
    for (let at = 0; at < line.length; at += MAX_LINE) {
      log[level]("{line}", { line: line.slice(at, at + MAX_LINE).trimEnd() });
    }
    return "";
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, Math.max(0, ms))));
}
