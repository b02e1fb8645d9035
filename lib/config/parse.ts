/**
 * Reading a configuration's text. Pure: no file is looked at.
 *
 * @module
 */

import { dirname } from "@std/path";
import { parse } from "@std/yaml";
import { configOf, type Draft, draftConfig, problemIn } from "./draft.ts";
import type { Environment } from "./expand.ts";
import { finding } from "./problems.ts";
import type { Config } from "./types.ts";

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
  let tree: unknown;
  try {
    // The core schema makes JSON values only: dates stay strings.
    tree = parse(text, { schema: "core" });
  } catch (error) {
    const syntax = finding([], syntaxError((error as Error).message, text));
    return { tree: undefined, problems: [problemIn({ file, label }, syntax)] };
  }
  return draftConfig(tree, { base: dirname(file), file, env, label });
}

function syntaxError(message: string, text: string): { found: string; wanted: string; message: string } {
  // The reader's message goes on with an excerpt in lines of its own.
  const summary = message.split("\n", 1)[0].replace(/:$/, "");
  const line = Number(/at line (\d+)/.exec(summary)?.[1] ?? 0);
  const found = text.split("\n")[line - 1]?.trim() ?? "";
  const hint = /flow/.test(summary) && found.includes("${")
    ? ', wanted quotes around a variable inside of { } or [ ], as "${NAME}"'
    : "";
  return { found: JSON.stringify(found), wanted: "YAML", message: `${summary}${hint}` };
}
