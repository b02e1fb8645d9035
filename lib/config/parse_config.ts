/**
 * Reading a configuration's text. Pure: no file is looked at.
 *
 * @module
 */

import { dirname } from "@std/path";
import { type CheckedConfig, checkTree, configOrThrow, problemsIn, type Source } from "./check_config.ts";
import type { Config } from "./config.ts";
import type { Environment } from "./environment.ts";
import { finding } from "./problem.ts";
import { MAX_TEXT } from "./tree_bounds.ts";
import { readYaml } from "./yaml_document.ts";

/** Where a configuration's text comes from. */
export interface ParseConfigOptions {
  /** Absolute path of its file. */
  file: string;
  /** Looks up the variables of the environment. */
  env: Environment;
  /**
   * What problems call the file.
   *
   * @default {its path}
   */
  label?: string;
}

/**
 * Reads a configuration in YAML.
 *
 * @throws {ConfigError} With what is wrong. Whether the files it names are there is for `loadConfig` to say.
 */
export function parseConfig(text: string, options: ParseConfigOptions): Config {
  return configOrThrow(checkText(text, options));
}

/** Reads a configuration in YAML, and tells what is wrong. */
export function checkText(text: string, { file, env, label }: ParseConfigOptions): CheckedConfig {
  const source: Source = { base: dirname(file), file, env, label };
  if (text.length > MAX_TEXT) {
    const tooLong = finding([], { found: `${text.length} characters`, wanted: `at most ${MAX_TEXT}` });
    return { source, tree: undefined, problems: problemsIn(source, [tooLong]) };
  }
  const { value, findings, positionOf } = readYaml(text);
  const located = { ...source, positionOf };
  if (value === null && findings.length === 0) {
    const message =
      'it says nothing, wanted services: { chat: { listen: "text://0.0.0.0:1234" } } or the like';
    const empty = finding([], { found: "nothing", wanted: "a mapping with services", message });
    return { source: located, tree: undefined, problems: problemsIn(located, [empty]) };
  }
  if (value === undefined) {
    return { source: located, tree: undefined, problems: problemsIn(located, findings) };
  }
  return checkTree(value, located, findings);
}
