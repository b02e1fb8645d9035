/**
 * One executable, by `deno compile`. Its permissions, unstable flags and the worker's entry come from deno.json.
 *
 * @module
 */

/** How an executable is made. */
export interface CompileOptions {
  /** A target triple; this machine's own without. */
  target?: string;
}

/** An executable that cannot be made. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

/**
 * Makes an executable of protohost.
 *
 * @param output Where to write it, from the repository's folder.
 * @returns Its size in bytes.
 * @throws {CompileError} With what Deno said.
 */
export async function compileProgram(output: string, options: CompileOptions = {}): Promise<number> {
  const root = new URL("../", import.meta.url);
  const target = options.target ? ["--target", options.target] : [];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-code-cache",
      "--permission-set=serve",
      ...target,
      "--output",
      output,
      "main.ts",
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new CompileError(`Cannot compile ${output}:\n${new TextDecoder().decode(stderr).trim()}`);
  }
  return (await Deno.stat(new URL(output, root))).size;
}
