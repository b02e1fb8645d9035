/**
 * Loading a configuration from its file, and looking for the files it names.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import { configOf, type Draft, problemIn } from "./check_config.ts";
import type { Environment } from "./environment.ts";
import { type FileReference, filesOf } from "./named_files.ts";
import { draftText } from "./parse_config.ts";
import { folderUrl } from "./paths.ts";
import { ConfigError, type Finding, finding, type Problem } from "./problem.ts";
import type { Config } from "./config.ts";

/** How a configuration is loaded. */
export interface LoadConfigOptions {
  /**
   * Looks up the variables of the environment.
   *
   * @default {those of this process}
   */
  env?: Environment;
}

/**
 * Loads a configuration: reads the file, checks it, and makes sure that the modules, certificates and keys it names
 * are there.
 *
 * @param path Path of the YAML file, relative to the current folder.
 * @throws {ConfigError} With everything that is wrong; also if the file cannot be read.
 */
export async function loadConfig(path: string, options: LoadConfigOptions = {}): Promise<Config> {
  const { env = processEnvironment } = options;
  const source = { file: resolve(path), label: path };
  const text = await readText(source);
  const draft = draftText(text, { ...source, env });
  return configOf({ ...draft, problems: [...draft.problems, ...await missingFiles(draft, source)] });
}

async function readText(source: { file: string; label: string }): Promise<string> {
  try {
    return await Deno.readTextFile(source.file);
  } catch (error) {
    const found = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new ConfigError([
      problemIn(source, finding([], { found, wanted: `a configuration at ${source.file}` })),
    ]);
  }
}

async function missingFiles(draft: Draft, source: { file: string; label: string }): Promise<Problem[]> {
  const told = new Set(draft.problems.map((problem) => problem.path));
  const files = filesOf(draft.tree, folderUrl(dirname(source.file)));
  const findings = await Promise.all(files.map(missingFile));
  return findings.filter((one) => one !== undefined)
    .filter((one) => !told.has(one.path))
    .map((one) => problemIn(source, one));
}

async function missingFile(file: FileReference): Promise<Finding | undefined> {
  const { place, written, path } = file;
  if (file.made) return await missingFolder(file);
  let why = "it is no file";
  try {
    if (!(await Deno.stat(path)).isDirectory) return undefined;
  } catch (error) {
    why = error instanceof Deno.errors.NotFound ? "there is none" : (error as Error).message;
  }
  return finding(place, { found: JSON.stringify(written), wanted: `a file at ${path}, but ${why}` });
}

/** What keeps a file from being made. */
async function missingFolder({ place, written, path }: FileReference): Promise<Finding | undefined> {
  const found = JSON.stringify(written);
  const folder = dirname(path);
  try {
    if (!(await Deno.stat(folder)).isDirectory) {
      return finding(place, { found, wanted: `a file in a folder, but ${folder} is none` });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return undefined;
    return finding(place, { found, wanted: `a file in a folder that is there, but there is no ${folder}` });
  }
  const there = await Deno.stat(path).catch(() => undefined);
  return there?.isDirectory
    ? finding(place, { found, wanted: `a file, but ${path} is a folder` })
    : undefined;
}

function processEnvironment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    // Not permitted to look is as good as unset: the problem names the variable.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
