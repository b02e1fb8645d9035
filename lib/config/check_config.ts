/**
 * Checking a configuration: everything that is wrong with it, or the configuration. Pure: no file is looked at.
 *
 * @module
 */

import { type Environment, expandTree } from "./environment.ts";
import { findingsOf } from "./schema_problems.ts";
import { folderUrl } from "./paths.ts";
import { ConfigError, type Finding, type Problem } from "./problem.ts";
import { resolveInput } from "./resolve_config.ts";
import { brokenRules } from "./cross_checks.ts";
import { configSchema } from "./config_schema.ts";
import type { ConfigInput } from "./config_input.ts";
import type { Config } from "./config.ts";

/** Where a configuration made in code belongs. */
export interface ResolveOptions {
  /** The folder that relative paths start from: its absolute path or file URL. */
  base: string | URL;
  /**
   * Looks up `${NAME}` in strings.
   *
   * @default {nothing is replaced}
   */
  env?: Environment;
}

/** Where a configuration comes from. */
export interface Source extends ResolveOptions {
  /** Absolute path of its file, if it has one. */
  file?: string;
  /** What problems call the file. */
  label?: string;
}

/** A configuration on its way: what is wrong with it, and itself if nothing is. */
export interface Draft {
  problems: Problem[];
  /** As it was written, its variables replaced. */
  tree: unknown;
  config?: Config;
}

/**
 * Makes a configuration of an object of the same shape as the YAML. Whether the files it names are there is found out
 * when they are loaded.
 *
 * @throws {ConfigError} With everything that is wrong.
 */
export function resolveConfig(input: ConfigInput, options: ResolveOptions): Config {
  return configOf(draftConfig(input, options));
}

/** Checks and resolves a configuration of which nothing is known yet. */
export function draftConfig(input: unknown, source: Source): Draft {
  const base = folderUrl(source.base);
  const { tree, findings } = source.env ? expandTree(input, source.env) : { tree: input, findings: [] };
  // What a missing variable leaves behind is wrong as well, but that needs no second problem.
  const told = new Set(findings.map(({ path }) => path));
  const { data, error } = configSchema.safeParse(tree);
  const more = [
    ...findingsOf(error?.issues ?? [], tree),
    ...brokenRules(tree, base),
  ];
  const all = [...findings, ...more.filter(({ path }) => !told.has(path))];
  if (data === undefined || all.length > 0) {
    return { tree, problems: all.map((finding) => problemIn(source, finding)) };
  }
  return { tree, problems: [], config: resolveInput(data, base, source.file) };
}

/**
 * The configuration of a draft.
 *
 * @throws {ConfigError} If anything is wrong with it.
 */
export function configOf({ config, problems }: Draft): Config {
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Says in which file a finding was made. */
export function problemIn({ file, label }: { file?: string; label?: string }, finding: Finding): Problem {
  return { file: label ?? file ?? "configuration", ...finding };
}
