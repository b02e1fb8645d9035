/**
 * Checking a configuration: what is wrong with it, or the configuration. Pure: no file is looked at.
 *
 * @module
 */

import type { Config } from "./config.ts";
import type { ConfigInput } from "./config_input.ts";
import { brokenRules } from "./cross_checks.ts";
import { type Environment, expandTree } from "./environment.ts";
import { folderUrl } from "./paths.ts";
import { ConfigError, type Finding, type Problem } from "./problem.ts";
import { asMapping } from "./raw_tree.ts";
import { resolveControl, resolveInput } from "./resolve_config.ts";
import { checkBySchema } from "./schema_check.ts";
import type { Position } from "./text_position.ts";
import { boundsProblem } from "./tree_bounds.ts";

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
  /** Finds where in the file's text a finding stands. */
  positionOf?(finding: Finding): Position | undefined;
}

/** A configuration that has been checked. */
export interface CheckedConfig {
  problems: Problem[];
  /** As it was written, its variables replaced. */
  tree: unknown;
  /** What it says, if nothing is wrong with it. */
  config?: Config;
  /** Where its parts come from. */
  source: Source;
}

/** So many problems are told; whoever has more begins with these. */
const MAX_PROBLEMS = 100;

/**
 * Makes a configuration of an object of the same shape as the YAML. Whether the files it names are there is found out
 * when they are loaded.
 *
 * @throws {ConfigError} With what is wrong.
 */
export function resolveConfig(input: ConfigInput, options: ResolveOptions): Config {
  return configOrThrow(checkTree(input, options));
}

/** Checks and resolves a configuration of which nothing is known yet. */
export function checkTree(input: unknown, source: Source, found: readonly Finding[] = []): CheckedConfig {
  const tooLarge = boundsProblem(input);
  if (tooLarge !== undefined) {
    return { source, tree: undefined, problems: problemsIn(source, [...found, tooLarge]) };
  }
  const base = folderUrl(source.base);
  const { tree, findings } = source.env ? expandTree(input, source.env) : { tree: input, findings: [] };
  // What a missing variable leaves behind is wrong as well, but that needs no second problem.
  const told = new Set(findings.map(({ path }) => path));
  const { data, findings: invalid } = checkBySchema(tree, MAX_PROBLEMS);
  const wrong = [
    ...invalid,
    ...brokenRules(tree, { base, control: controlOf(tree, base, source.file) }).take(MAX_PROBLEMS + 1),
  ];
  const all = [...found, ...findings, ...wrong.filter(({ path }) => !told.has(path))];
  if (data === undefined || all.length > 0) return { source, tree, problems: problemsIn(source, all) };
  return { source, tree, problems: [], config: resolveInput(data, base, source.file) };
}

/** The path of the control socket that a configuration names, or that it has without. */
function controlOf(tree: unknown, base: string, file: string | undefined): string | false {
  const { control } = asMapping(tree);
  return resolveControl(typeof control === "string" || control === false ? control : undefined, base, file);
}

/**
 * The configuration, if nothing is wrong with it.
 *
 * @throws {ConfigError} If anything is.
 */
export function configOrThrow({ config, problems }: CheckedConfig): Config {
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Says in which file findings were made and where. */
export function problemsIn(
  { file, label, positionOf }: Pick<Source, "file" | "label" | "positionOf">,
  findings: readonly Finding[],
): Problem[] {
  const name = label ?? file ?? "configuration";
  const problems = findings.slice(0, MAX_PROBLEMS).map((finding): Problem => {
    const { path, message, found, wanted } = finding;
    return { file: name, ...positionOf?.(finding), path, message, found, wanted };
  });
  if (findings.length <= MAX_PROBLEMS) return inOrder(problems);
  const [found, wanted] = [`more than these ${MAX_PROBLEMS} problems`, "none"];
  return [...inOrder(problems), { file: name, path: "", message: `there are ${found}`, found, wanted }];
}

/** Problems in the order of the file. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
