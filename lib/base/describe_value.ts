/**
 * Values as error messages describe them. Pure.
 *
 * @module
 */

/** Describes a value: `a string`, `an object with the keys a, b`. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return value === undefined ? "undefined" : `a ${typeof value}`;
  const keys = Object.keys(value);
  return keys.length === 0
    ? "an object without keys"
    : `an object with the keys ${keys.slice(0, 20).join(", ")}`;
}
