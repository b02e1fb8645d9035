/**
 * "Did you mean": the nearest of the names that exist.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";

/**
 * The name that a mistyped one probably meant; undefined if none is near.
 *
 * Near is the only name that begins with it, or else the closest one if the two share two thirds of their letters in
 * the same order.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0 || name === "") return undefined;
  const wanted = name.toLowerCase();
  const beginning = names.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  if (wanted.length > 1 && beginning.length === 1) return beginning[0];
  const guess = closestString(name, names, { caseSensitive: false });
  const shared = sharedLetters(wanted, guess.toLowerCase());
  return shared * 3 >= Math.max(wanted.length, guess.length) * 2 ? guess : undefined;
}

/** The length of the longest common subsequence. */
function sharedLetters(a: string, b: string): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const letter of a) {
    const next = [0];
    for (let i = 0; i < b.length; i++) {
      next.push(letter === b[i] ? row[i] + 1 : Math.max(row[i + 1], next[i]));
    }
    row = next;
  }
  return row[b.length];
}
