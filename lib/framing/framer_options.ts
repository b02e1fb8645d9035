/**
 * Checking what a framer is given: options that are silently passed over are found only when frames do not come. Pure.
 *
 * @module
 */

import { describeValue } from "../base/describe_value.ts";
import { didYouMean } from "../base/suggest.ts";

/** What an option must be. */
export interface OptionRule {
  /** In words. */
  wanted: string;
  /** Whether a value is that. */
  holds(value: unknown): boolean;
}

/** A rule for one of several values. */
export function oneOf(...values: readonly (string | number)[]): OptionRule {
  return {
    wanted: `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
    holds: (value) => values.includes(value as string),
  };
}

/** The longest frame. */
export const maxRule: OptionRule = {
  wanted: "a number of bytes",
  holds: (value) => typeof value === "number",
};

/**
 * Checks the options of a framer.
 *
 * @param maker What it is made by: `line`.
 * @throws {TypeError} If they are no object, one is not known, or one is not what it must be; it names what was found.
 */
export function checkOptions(
  maker: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  const known = Object.keys(rules);
  const cannot = (found: string, wanted: string) =>
    new TypeError(`Cannot make a framer by ${maker}(): found ${found}, wanted ${wanted}`);
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
