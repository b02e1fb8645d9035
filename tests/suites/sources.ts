/**
 * Where the sources of a suite are: in the folder that a variable names, or cloned for the run.
 *
 * @module
 */

import { runBounded } from "./child.ts";
import type { Suite } from "./suite.ts";

const DEADLINE_MS = 10 * 60_000;

/** Answers the folder of a suite's sources, ready to be run, or why there is none. */
export async function findSources(
  suite: Suite,
  cloneTo: string,
): Promise<{ folder: string } | { why: string }> {
  const missing = suite.programs.filter((program) => !isInstalled(program));
  if (missing.length > 0) return { why: `needs ${missing.join(", ")}` };
  let folder = Deno.env.get(suite.variable);
  if (folder === undefined) {
    folder = cloneTo;
    const { code, tail } = await runBounded(
      "git",
      ["clone", "--quiet", "--depth", "1", "--branch", await suite.tag(), suite.repository, folder],
      { env: { GIT_TERMINAL_PROMPT: "0" }, deadlineMs: DEADLINE_MS },
    );
    if (code !== 0) {
      return { why: `${suite.variable} is not set, and git clone failed: ${tail.split("\n").at(-1)}` };
    }
  }
  folder = await Deno.realPath(folder);
  if (suite.programs.includes("npm") && !await exists(`${folder}/node_modules`)) {
    const { code, tail } = await runBounded("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      ...{ cwd: folder, deadlineMs: DEADLINE_MS },
    });
    if (code !== 0) return { why: `npm ci failed: ${tail}` };
  }
  return { folder };
}

/** Copies a file or a folder. */
export async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}
