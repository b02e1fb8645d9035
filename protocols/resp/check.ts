/**
 * Checks that a value from user code can be written as RESP.
 *
 * @module
 */

import { isBlob } from "./bytes.ts";
import { RespError, show } from "./error.ts";
import type { Value } from "./values.ts";

/** What `value` must be for a type: as a test, and in words. */
interface Wanted {
  fits(value: unknown): boolean;
  words: string;
}

const BLOB: Wanted = { fits: isBlob, words: "a string or bytes" };
const VALUES: Wanted = { fits: Array.isArray, words: "an array of values" };

const TYPES: ReadonlyMap<unknown, Wanted> = new Map<Value["type"], Wanted>([
  ["simple", BLOB],
  ["error", BLOB],
  ["integer", {
    fits: (value) => typeof value === "bigint" || Number.isInteger(value),
    words: "a whole number or a bigint",
  }],
  ["bulk", { fits: (value) => value === null || isBlob(value), words: "a string, bytes or null" }],
  ["array", {
    fits: (value) => value === null || Array.isArray(value),
    words: "an array of values or null",
  }],
  ["null", { fits: () => true, words: "null" }],
  ["boolean", { fits: (value) => typeof value === "boolean", words: "true or false" }],
  ["double", { fits: (value) => typeof value === "number", words: "a number" }],
  ["bignumber", { fits: (value) => typeof value === "bigint", words: "a bigint" }],
  ["bulkerror", BLOB],
  ["verbatim", BLOB],
  ["map", {
    fits: (value) => Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2),
    words: "an array of pairs",
  }],
  ["set", VALUES],
  ["push", VALUES],
  ["opaque", BLOB],
]);

/**
 * Checks a value, not the values inside it.
 *
 * @throws {RespError} If its type is unknown, or its `value` is not of its type.
 */
export function checkValue(found: unknown): asserts found is Value {
  if (typeof found !== "object" || found === null || !("type" in found)) {
    throw new RespError(
      `Cannot write a reply: found ${show(found)}, wanted one such as { type: "simple", value: "OK" }, ` +
        `or for a whole reply a text such as "+OK"`,
    );
  }
  const { type, value } = found as { type: unknown; value?: unknown };
  const wanted = TYPES.get(type);
  if (wanted === undefined) {
    const types = [...TYPES.keys()].join(", ");
    throw new RespError(`Cannot write a reply of type ${show(type)}, wanted one of ${types}`);
  }
  if (wanted.fits(value)) return;
  throw new RespError(
    `Cannot write a reply of type "${type}": its value is ${show(value)}, wanted ${wanted.words}`,
  );
}
