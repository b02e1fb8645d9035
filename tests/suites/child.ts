/**
 * Other people's programs, bounded in time.
 *
 * @module
 */

/** What a program is run with. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Takes each line of its standard output, without colours. */
  line?(text: string): void;
  /** It is ended after so long. */
  deadlineMs: number;
  /** Ends it too. */
  signal?: AbortSignal;
}

/** Runs a program to its end; answers its exit code and the end of what it wrote. */
export async function runBounded(
  command: string,
  args: string[],
  { cwd, env, line = () => {}, deadlineMs, signal }: RunOptions,
): Promise<{ code: number; tail: string }> {
  const child = new Deno.Command(command, {
    ...{ args, cwd, env: { NO_COLOR: "1", ...env } },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended by itself */ }
  };
  const timer = setTimeout(end, deadlineMs);
  signal?.addEventListener("abort", end);
  const tail: string[] = [];
  const [{ code }] = await Promise.all([
    child.status,
    ...[child.stdout, child.stderr].map((stream) =>
      eachLine(stream, (text) => {
        line(text);
        tail.push(text);
        if (tail.length > 20) tail.shift();
      })
    ),
  ]);
  clearTimeout(timer);
  return { code, tail: tail.join("\n") };
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}
