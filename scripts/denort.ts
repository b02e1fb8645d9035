/**
 * The runtime that `deno compile` appends a program to, where Deno's own download is out of reach.
 *
 * @module
 */

const download = "https://dl.deno.land/release-latest.txt";
const standIn = new URL("../../shared/tools/denort", import.meta.url);

/**
 * The environment for `deno compile`: empty where Deno can download its runtime or has been told of one, else with the
 * `DENORT_BIN` that a tool beside the repository prints.
 */
export async function denortEnv(): Promise<Record<string, string>> {
  if (Deno.env.get("DENORT_BIN") || await reachable() || !await exists(standIn)) return {};
  const { success, stdout } = await new Deno.Command(standIn, { stdout: "piped", stderr: "inherit" })
    .output();
  return success ? { DENORT_BIN: new TextDecoder().decode(stdout).trim() } : {};
}

async function reachable(): Promise<boolean> {
  try {
    const response = await fetch(download, { signal: AbortSignal.timeout(3000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function exists(url: URL): Promise<boolean> {
  try {
    return (await Deno.stat(url)).isFile;
  } catch {
    return false;
  }
}
