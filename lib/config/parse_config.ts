/**
 * Reading a configuration's text. Pure: no file is looked at.
 *
 * @module
 */

import { dirname } from "@std/path";
import { parse } from "@std/yaml";
import { configOf, type Draft, draftConfig, problemIn } from "./check_config.ts";
import type { Environment } from "./environment.ts";
import { finding } from "./problem.ts";
import type { Config } from "./config.ts";
import { tabIndent, yamlProblem } from "./yaml_problem.ts";

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
 * @throws {ConfigError} With everything that is wrong. Whether the files it names are there is for `loadConfig` to say.
 */
export function parseConfig(text: string, options: ParseConfigOptions): Config {
  return configOf(draftText(text, options));
}

/** Reads a configuration in YAML, and tells everything that is wrong. */
export function draftText(text: string, { file, env, label }: ParseConfigOptions): Draft {
  const draft = readText(text, { file, env, label });
  const tab = draft.problems.length > 0 ? tabIndent(text) : undefined;
  return tab === undefined ? draft : { ...draft, problems: [problemIn({ file, label }, finding([], tab))] };
}

function readText(text: string, { file, env, label }: ParseConfigOptions): Draft {
  let tree: unknown;
  try {
    // The core schema makes JSON values only: dates stay strings.
    tree = parse(text, { schema: "core" });
  } catch (error) {
    const syntax = finding([], yamlProblem(error as Error, text));
    return { tree: undefined, problems: [problemIn({ file, label }, syntax)] };
  }
  return draftConfig(tree, { base: dirname(file), file, env, label });
}
