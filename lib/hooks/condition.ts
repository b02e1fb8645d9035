/**
 * Conditions of rules. Pure.
 *
 * @module
 */

import { type AddressRange, isWithin, parseRange } from "../base/address_range.ts";
import { text } from "../framing/bytes.ts";
import type { HookContext } from "./hook_context.ts";
import type { Condition, FieldCondition } from "./rule.ts";
import { parsePattern } from "./text_pattern.ts";

/** Whether a condition holds. */
export type Predicate = (context: Pick<HookContext, "message" | "connection">) => boolean;

/**
 * Makes a function of a condition.
 *
 * @throws {SyntaxError} If its regular expression cannot be used.
 * @throws {RangeError} If its address range is none.
 */
export function compileCondition(condition: Condition): Predicate {
  if ("not" in condition) {
    const inner = compileCondition(condition.not);
    return (context) => !inner(context);
  }
  if ("address" in condition) return compileAddress(condition.address.map(parseRange));
  return compileField(condition);
}

/** Reads the path of a field, as `user.name` or `args[0]`, into its keys. */
export function parseField(path: string): string[] {
  return path.replaceAll(/\[(\d+)\]/g, ".$1").split(".").filter((key) => key !== "");
}

function compileAddress(ranges: AddressRange[]): Predicate {
  // A connection's address does not change; reading it costs more than all that follows.
  const known = new WeakMap<object, boolean>();
  return ({ connection }) => {
    let answer = known.get(connection);
    if (answer === undefined) known.set(connection, answer = isWithin(connection.remoteAddr, ranges));
    return answer;
  };
}

function compileField(condition: FieldCondition): Predicate {
  const keys = parseField(condition.field);
  const tests: ((value: unknown) => boolean)[] = [];
  const { equals, matches, in: among, greater, less } = condition;
  if (equals !== undefined) tests.push((value) => isSame(value, equals));
  if (among !== undefined) tests.push((value) => among.some((one) => isSame(value, one)));
  if (matches !== undefined) {
    const pattern = parsePattern(matches);
    tests.push((value) => {
      const read = scalar(value);
      return read !== null && typeof read !== "object" && read !== undefined && pattern.test(String(read));
    });
  }
  if (greater !== undefined) tests.push((value) => isNumber(value) && value > greater);
  if (less !== undefined) tests.push((value) => isNumber(value) && value < less);
  return ({ message }) => {
    const value = valueOf(message, keys);
    return tests.every((test) => test(value));
  };
}

function valueOf(message: unknown, keys: readonly string[]): unknown {
  let value = message;
  for (const key of keys) {
    if (typeof value !== "object" || value === null) return undefined;
    value = value instanceof Map ? value.get(key) : (value as Record<string, unknown>)[key];
  }
  return typeof value === "function" ? undefined : value;
}

/** Bytes are compared as their text. */
function scalar(value: unknown): unknown {
  return value instanceof Uint8Array ? text(value) : value;
}

function isSame(value: unknown, wanted: unknown): boolean {
  const read = scalar(value);
  if (typeof read === "bigint") return typeof wanted === "number" && read === BigInt(Math.trunc(wanted));
  if (typeof wanted !== "object" || wanted === null) return read === wanted;
  return JSON.stringify(read) === JSON.stringify(wanted);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
