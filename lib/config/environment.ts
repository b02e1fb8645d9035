/**
 * Variables of the environment in a configuration: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`.
 *
 * They are replaced in strings after the YAML was read, so that no variable's value can be taken for YAML.
 *
 * @module
 */

import { describe, type Finding, finding, type Place } from "./problem.ts";
import { isMapping } from "./raw_tree.ts";

/** Looks up a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/** A configuration with its variables replaced. */
export interface Expanded {
  tree: unknown;
  /** Variables that are not set, and `${` that begins no variable. */
  findings: Finding[];
}

/** What may stand in `${ }`. */
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
/** The most characters that variables may put in. */
const MAX_EXPANDED = 4 * 1024 ** 2;
/** More are of no use to anybody. */
const MAX_FINDINGS = 1000;

/**
 * Replaces the variables in all strings of a tree. Keys stay as they are. A default stands for a variable that is unset
 * or empty, as in a shell.
 */
export function expandTree(tree: unknown, environment: Environment): Expanded {
  const expansion = new Expansion(environment);
  return { tree: expansion.expand(tree, []), findings: expansion.findings };
}

class Expansion {
  readonly findings: Finding[] = [];
  readonly #environment: Environment;
  /** Characters that variables may still put in. */
  #left = MAX_EXPANDED;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  expand(value: unknown, place: Place): unknown {
    if (typeof value === "string") return value.includes("${") ? this.#expandText(value, place) : value;
    if (Array.isArray(value)) return value.map((item, index) => this.expand(item, [...place, index]));
    if (!isMapping(value)) return value;
    const copy: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) copy[key] = this.expand(item, [...place, key]);
    return copy;
  }

  #expandText(text: string, place: Place): string {
    let expanded = "";
    let from = 0;
    for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", from)) {
      if (text[at - 1] === "$" && at > from) {
        expanded += text.slice(from, at - 1) + "${";
        from = at + 2;
        continue;
      }
      const end = text.indexOf("}", at);
      const [, name, fallback] = (end > 0 && VARIABLE.exec(text.slice(at + 2, end))) || [];
      if (name === undefined) {
        const wanted = "a variable as ${NAME} or ${NAME:-default}, or $${ for a literal ${";
        this.#tell(place, { found: describe(text), wanted });
        return text;
      }
      expanded += text.slice(from, at) + this.#valueOf(name, fallback, place);
      from = end + 1;
    }
    return expanded + text.slice(from);
  }

  #valueOf(name: string, fallback: string | undefined, place: Place): string {
    const set = this.#environment(name);
    const value = set !== undefined && (set !== "" || fallback === undefined) ? set : fallback;
    if (value === undefined) {
      const found = `\${${name}}`;
      const example = `\${${name}:-default}`;
      const message =
        `the environment variable ${name} is not set, wanted it set or a default, as in ${example}`;
      this.#tell(place, { found, wanted: `${name} set`, message });
      return found;
    }
    this.#left -= value.length;
    if (this.#left >= 0) return value;
    this.#tell(place, { found: "too many characters from variables", wanted: `at most ${MAX_EXPANDED}` });
    return "";
  }

  #tell(place: Place, what: { found: string; wanted: string; message?: string }): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding(place, what));
  }
}
