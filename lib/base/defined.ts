/**
 * Objects without the keys that hold nothing. Pure.
 *
 * @module
 */

/** The object without its keys that are undefined: over JSON they are lost, and in comparisons they would count. */
export function defined<T extends object>(object: T): T {
  const copy = { ...object };
  for (const key in copy) if (copy[key] === undefined) delete copy[key];
  return copy;
}
