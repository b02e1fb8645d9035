/**
 * Options that do not exist: a mistyped one would be passed over in silence. Pure.
 *
 * @module
 */

import { nearest } from "./suggest.ts";

/** The first option that does not exist, and what to say of it. */
export interface UnknownOption {
  name: string;
  /** Such as `did you mean timeout?`, or `wanted one of timeout, tls`. */
  hint: string;
}

/** Finds the first key of an object that is none of those known; undefined if all are. */
export function unknownOption(options: object, known: readonly string[]): UnknownOption | undefined {
  const name = Object.keys(options).find((key) => !known.includes(key));
  if (name === undefined) return undefined;
  const guess = nearest(name, known);
  return {
    name,
    hint: guess === undefined ? `wanted one of ${known.join(", ")}` : `did you mean ${guess}?`,
  };
}
