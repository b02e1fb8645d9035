/**
 * "Did you mean": the nearest existing name.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** Nothing longer is a mistyped name. */
const MAX_LENGTH = 64;

/**
 * The name that a mistyped one probably meant; undefined if none is near. Case is ignored.
 *
 * A name is near if it is the only one that begins with the given text, or if at most a third of the letters differ.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0 || name === "" || name.length > MAX_LENGTH) return undefined;
  const given = name.toLowerCase();
  const beginning = names.filter((candidate) => candidate.toLowerCase().startsWith(given));
  if (given.length > 1 && beginning.length === 1) return beginning[0];
  const guess = closestString(name, names, { caseSensitive: false });
  const apart = levenshteinDistance(given, guess.toLowerCase());
  return apart <= Math.ceil(Math.max(given.length, guess.length) / 3) ? guess : undefined;
}

/** The end of a message about a wrong name: ` (did you mean "NAME"?)`; empty if no name is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const guess = nearest(name, names);
  return guess === undefined ? "" : ` (did you mean "${guess}"?)`;
}
