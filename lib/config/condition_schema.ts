/**
 * The schema of the conditions of a rule.
 *
 * @module
 */

import * as z from "zod";
import { parsePattern } from "../hooks/text_pattern.ts";
import { addressRange } from "./address_schema.ts";
import type { ConditionInput } from "./config_input.ts";
import {
  exactlyOne,
  KEY_SEPARATOR,
  mapping,
  named,
  oneOrMore,
  optional,
  readable,
} from "./schema_builders.ts";

const CONDITIONS: readonly string[] = ["field", "address", "not"];
const TESTS: readonly string[] = ["equals", "matches", "in", "greater", "less"];

/** A message as a rule writes it. */
export const message = z.unknown().check((context) => {
  if (isJson(context.value)) return;
  context.issues.push({ code: "custom", input: context.value, message: "a JSON value" });
});

const number = z.number({ error: "a number" });

/** One condition. */
export const condition: z.ZodType<ConditionInput> = named(
  "ConditionInput",
  "A condition: tests of a field of the message, the client's address, or the negation of one.",
  z.lazy(() => conditionMapping),
);

const conditionMapping = exactlyOne(
  mapping("a mapping with field, address or not", {
    field: optional(
      z.string({ error: "a text" }),
      "The path of a field, as `user.name` or `args[0]`; empty for the message itself",
    ),
    equals: optional(message, "The field is this value"),
    matches: optional(
      readable("a regular expression", parsePattern),
      "The field matches this regular expression, plain or as `/.../i`",
    ),
    in: optional(z.array(message, { error: "a list" }), "The field is one of these values"),
    greater: optional(number, "The field is a number above this one"),
    less: optional(number, "The field is a number below this one"),
    address: optional(
      oneOrMore(addressRange, "a range such as 10.0.0.0/8 or a list of them"),
      "The client's address is in one of these ranges, in CIDR notation",
    ),
    not: optional(condition, "This condition does not hold"),
  }),
  CONDITIONS,
).check((context) => {
  const value: Record<string, unknown> = context.value;
  const tests = TESTS.filter((test) => value[test] !== undefined);
  const isField = value.field !== undefined;
  if (isField === tests.length > 0) return;
  const found = isField ? "field without a test" : `${tests.join(" and ")} without field`;
  const wanted = isField
    ? `one of ${TESTS.join(KEY_SEPARATOR)} beside it`
    : "the field that is tested beside it";
  context.issues.push({
    code: "custom",
    input: value,
    message: wanted,
    params: { message: `found ${found}, wanted ${wanted}` },
  });
});

function isJson(value: unknown): boolean {
  if (["function", "symbol", "bigint"].includes(typeof value)) return false;
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
