/**
 * Variables of the environment in a configuration: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`.
 *
 * They are replaced in strings after the YAML was read, so that no variable's value can be taken for YAML.
 *
 * @module
 */

import { type Finding, finding, type Place } from "./problem.ts";
import { isMapping } from "./raw_tree.ts";

/** Looks up a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/** A configuration with its variables replaced. */
export interface Expanded {
  tree: unknown;
  /** Variables that are not set, and `${` that begins no variable. */
  findings: Finding[];
}

const variable = /\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

/**
 * Replaces the variables in all strings of a tree. Keys stay as they are. A default stands for a variable that is unset
 * or empty, as in a shell.
 */
export function expandTree(tree: unknown, environment: Environment): Expanded {
  const findings: Finding[] = [];
  // YAML's anchors can make a tree refer to itself.
  const seen = new Map<unknown, unknown>();

  function visit(value: unknown, place: Place): unknown {
    if (typeof value === "string") {
      return value.includes("${") ? expandText(value, environment, { place, findings }) : value;
    }
    if (seen.has(value)) return seen.get(value);
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      seen.set(value, copy);
      for (const [index, item] of value.entries()) copy.push(visit(item, [...place, index]));
      return copy;
    }
    if (isMapping(value)) {
      const copy: Record<string, unknown> = {};
      seen.set(value, copy);
      for (const [key, item] of Object.entries(value)) copy[key] = visit(item, [...place, key]);
      return copy;
    }
    return value;
  }

  return { tree: visit(tree, []), findings };
}

function expandText(
  text: string,
  environment: Environment,
  at: { place: Place; findings: Finding[] },
): string {
  return text.replace(variable, (match: string, name?: string, fallback?: string) => {
    if (match.startsWith("$$")) return match.slice(1);
    if (name === undefined) {
      at.findings.push(finding(at.place, {
        found: JSON.stringify(text),
        wanted: "a variable as ${NAME} or ${NAME:-default}, or $${ for a literal ${",
      }));
      return match;
    }
    const value = environment(name);
    if (value !== undefined && (value !== "" || fallback === undefined)) return value;
    if (fallback !== undefined) return fallback;
    at.findings.push(finding(at.place, {
      found: match,
      wanted: `the environment variable ${name} to be set, or a default as in \${${name}:-default}`,
    }));
    return match;
  });
}
