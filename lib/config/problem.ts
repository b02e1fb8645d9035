/**
 * What is wrong with a configuration: each problem with its file, its place, what stands there and what should.
 *
 * @module
 */

import { visible } from "../base/visible_text.ts";
import { isMapping } from "./raw_tree.ts";

/** One thing that is wrong. */
export interface Problem {
  /** The configuration's file as it was named, or `configuration` for one made in code. */
  file: string;
  /** The line in it, from 1, where one can be told. */
  line?: number;
  /** The column in that line, from 1. */
  column?: number;
  /** Where in it, as `services.chat.limits.idleTimeout`; empty for the file as a whole. */
  path: string;
  /** A sentence of what was found and what was wanted. */
  message: string;
  /** What stands there, as a short text. */
  found: string;
  /** What should stand there. */
  wanted: string;
}

/** A problem before it is known in which file, and where in its text. */
export interface Finding extends Omit<Problem, "file" | "line" | "column"> {
  place: Place;
  /** It is about the key, not about its value. */
  atKey?: true;
  /** Where it stands in the text, if that is known better than by its place. */
  offset?: number;
}

/** A place in a configuration: keys and, in lists, indices. */
export type Place = readonly PropertyKey[];

/** A configuration that cannot be used; `code` is `bad_config`, the message lists the problems, one a line. */
export class ConfigError extends TypeError {
  /** The class. */
  override readonly name = "ConfigError";
  /** What programs compare. */
  readonly code = "bad_config";
  /** What is wrong: everything, or the beginning of it where there is very much. */
  readonly problems: Problem[];

  /** Makes an error of what is wrong. */
  constructor(problems: Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/** Writes a problem as one line: `FILE:LINE:COLUMN: PATH: found ..., wanted ...`. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`;
  return visible([where, path, message].filter((part) => part !== "").join(": "));
}

/** Makes a finding. Without a message of its own it says what was found and what was wanted. */
export function finding(place: Place, what: { found: string; wanted: string; message?: string }): Finding {
  const { found, wanted, message = `found ${found}, wanted ${wanted}` } = what;
  return { place, path: formatPlace(place), message: shortened(message, MAX_MESSAGE), found, wanted };
}

/** A finding about a key. */
export function keyFinding(place: Place, what: { found: string; wanted: string; message?: string }): Finding {
  return { ...finding(place, what), atKey: true };
}

/** Writes a place as a path: `services.chat.listen[1]`. A key that is no plain word is quoted, as `services["a b"]`. */
export function formatPlace(place: Place): string {
  let path = "";
  for (const part of place) {
    if (typeof part === "number") path += `[${part}]`;
    else if (!/^[\w-]{1,60}$/.test(String(part))) path += `[${describe(String(part))}]`;
    else path += path === "" ? String(part) : `.${String(part)}`;
  }
  return path;
}

/** Describes a value in a few words: scalars as they stand, shortened; lists and mappings by their kind. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  switch (typeof value) {
    case "object":
      if (!isMapping(value)) return "an object";
      return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
    case "function":
      return "a function";
    case "string":
      return visible(JSON.stringify(shortened(value, MAX_SHOWN)));
    default:
      return String(value);
  }
}

/** The most of a value that is shown. */
const MAX_SHOWN = 60;
/** The most of what a reader of a value says of it. */
const MAX_MESSAGE = 1000;

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}
