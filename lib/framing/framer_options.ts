/**
 * Checks the options of a framer, so that a misspelt one is reported and not ignored. Pure.
 *
 * @module
 */

import { describeValue } from "../base/describe_value.ts";
import { didYouMean } from "../base/suggest.ts";

/** What is allowed as an option. */
export interface OptionRule {
  /** For the error message. */
  wanted: string;
  /** Whether a value is allowed. */
  holds(value: unknown): boolean;
}

/** Allows one of several values. */
export function oneOf(...values: readonly (string | number)[]): OptionRule {
  return {
    wanted: `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
    holds: (value) => values.includes(value as string),
  };
}

/** The rule for `max`. */
export const maxRule: OptionRule = {
  wanted: "a number of bytes",
  holds: (value) => typeof value === "number",
};

/**
 * Checks the options of a framer.
 *
 * @param maker The function that is called: `line`.
 * @throws {TypeError} If they are no object, or one is unknown or invalid; the message names it.
 */
export function checkOptions(
  maker: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  const known = Object.keys(rules);
  const cannot = (found: string, wanted: string) =>
    new TypeError(`Cannot create a framer with ${maker}(): found ${found}, wanted ${wanted}`);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const example = `${maker}({ ${known[0]}: ... })`;
    throw cannot(shown(options), `an object of the options ${known.join(", ")}, as in ${example}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      throw cannot(`the option ${name}`, `${known.join(", ")}${didYouMean(name, known)}`);
    }
    if (value !== undefined && !rule.holds(value)) throw cannot(`${shown(value)} as ${name}`, rule.wanted);
  }
}

function shown(value: unknown): string {
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean"
    ? JSON.stringify(value)
    : describeValue(value);
}
