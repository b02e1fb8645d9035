/**
 * Nouns after numbers.
 *
 * @module
 */

/** The noun that follows a number: `connection` after 1, `connections` after any other. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return count === 1 ? noun : many;
}
