/**
 * Loading a configuration from its file, and looking for the files it names.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import { readText } from "../base/read_text.ts";
import { type CheckedConfig, configOrThrow, inOrder, problemsIn } from "./check_config.ts";
import { missingFiles } from "./check_files.ts";
import type { Config } from "./config.ts";
import type { Environment } from "./environment.ts";
import { checkText } from "./parse_config.ts";
import { folderUrl } from "./paths.ts";
import { finding } from "./problem.ts";
import { MAX_TEXT } from "./tree_bounds.ts";

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
 * @throws {ConfigError} With what is wrong; also if the file cannot be read.
 */
export async function loadConfig(path: string, options: LoadConfigOptions = {}): Promise<Config> {
  return configOrThrow(await checkFile(path, options));
}

/** Reads a configuration's file and tells what is wrong with it, files that are missing among that. */
export async function checkFile(path: string, options: LoadConfigOptions = {}): Promise<CheckedConfig> {
  const { env = processEnvironment } = options;
  const file = resolve(path);
  let text: string;
  try {
    text = await readText(file, { maxBytes: MAX_TEXT });
  } catch (error) {
    const message = error instanceof Deno.errors.NotFound
      ? `there is no file ${file}`
      : (error as Error).message;
    const what = { found: "no configuration", wanted: `a configuration at ${file}`, message };
    const source = { base: dirname(file), file, label: path };
    return { source, tree: undefined, problems: problemsIn(source, [finding([], what)]) };
  }
  const checked = checkText(text, { file, label: path, env });
  const told = new Set(checked.problems.map((problem) => problem.path));
  const missing = await missingFiles(checked.tree, folderUrl(dirname(file)));
  const problems = problemsIn(checked.source, missing.filter((one) => !told.has(one.path)));
  return { ...checked, problems: inOrder([...checked.problems, ...problems]) };
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
