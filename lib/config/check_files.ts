/**
 * Looking for the files that a configuration names.
 *
 * @module
 */

import { dirname } from "@std/path";
import { whyUnreadable } from "../base/read_text.ts";
import { type FileReference, filesOf } from "./named_files.ts";
import { describe, type Finding, finding } from "./problem.ts";

/** So many are looked at at a time. */
const AT_ONCE = 64;
/** No module, certificate or key is longer. */
const MAX_BYTES = 64 * 1024 ** 2;

/** The files that a configuration names and that are not there, or are no files. `base` is the URL of its folder. */
export async function missingFiles(tree: unknown, base: string): Promise<Finding[]> {
  // Many services name one file.
  const files = Map.groupBy(filesOf(tree, base), ({ path, made }) => `${made ? "made " : ""}${path}`);
  const missing: Finding[] = [];
  const queue = files.values();
  async function look(): Promise<void> {
    for (const references of queue) {
      const message = await whatIsWrong(references[0]);
      if (message === undefined) continue;
      for (const { place, written } of references) {
        missing.push(finding(place, { found: describe(written), wanted: "a file", message }));
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return missing;
}

/** Says what is wrong with a file; undefined if nothing is. */
async function whatIsWrong({ path, made }: FileReference): Promise<string | undefined> {
  if (made !== undefined) return await whyNotMade(path, made);
  try {
    const why = whyUnreadable(await Deno.stat(path), MAX_BYTES);
    return why === undefined ? undefined : `${path} is ${why}, wanted a file`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? `there is no file ${path}` : (error as Error).message;
  }
}

/** What keeps a file from being made. */
async function whyNotMade(path: string, what: "file" | "socket"): Promise<string | undefined> {
  const folder = dirname(path);
  try {
    if (!(await Deno.stat(folder)).isDirectory) return `${folder} is no folder`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? `there is no folder ${folder}` : undefined;
  }
  const there = await Deno.stat(path).catch(() => undefined);
  if (there?.isDirectory) return `${path} is a folder, wanted a ${what}`;
  return what === "socket" && there?.isFile
    ? `${path} is a file, wanted a socket or nothing there`
    : undefined;
}
