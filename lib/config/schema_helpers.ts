/**
 * What the schema is built of. The error text of each is what it wants; that of a mapping with an unknown key is the list
 * of its known keys.
 *
 * @module
 */

import * as z from "zod";
import { parseDuration } from "../base/units.ts";

/** What separates the known keys in the error text of an unknown one. */
export const KEY_SEPARATOR = ", ";

/** The longest that a timer runs: 2^31 - 1 milliseconds. A longer one would fire at once. */
const MAX_DURATION_MS = 2_147_483_647;
const WANTED_DURATION = "a duration such as 500ms, 30s or 5m";

/** A path that is not empty. */
export const path: z.ZodType<string> = z.string({ error: "a path" }).min(1, { error: "a path" });

/** A mapping of known keys. */
export function mapping(wanted: string, shape: Record<string, z.ZodType>): z.ZodType {
  const keys = Object.keys(shape).join(KEY_SEPARATOR);
  return z.strictObject(shape, { error: (issue) => issue.code === "unrecognized_keys" ? keys : wanted });
}

/** A mapping of which nothing but the key may be written, as `limits:` above lines that are commented out. */
export function orEmpty<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.nullish().transform((value) => value ?? undefined).optional();
}

/** A value or a list of them. */
export function oneOrMore(schema: z.ZodType, wanted: string): z.ZodType {
  return z.union([schema, z.array(schema)], { error: wanted });
}

/** One of several words. */
export function choice(values: readonly string[]): z.ZodType {
  return z.enum(values, { error: `one of ${values.join(KEY_SEPARATOR)}` });
}

/** A whole number, or its digits as a variable of the environment brings them. */
export function count(min: number): z.ZodType {
  const error = `a whole number, at least ${min}`;
  const number = z.int({ error }).min(min, { error });
  return z.union([number, z.string().regex(/^\d+$/, { error }).transform(Number).pipe(number)], { error });
}

/** A duration with or without a unit; answers milliseconds. */
export function duration(description: string, { min = 0 }: { min?: number } = {}): z.ZodType {
  const wanted = `${WANTED_DURATION}${min > 0 ? `, at least ${min}` : ""}`;
  return z.union([z.number(), z.string()], { error: wanted }).transform((value, context) => {
    const ms = parseDuration(value);
    if (ms === undefined || ms < min) context.addIssue({ code: "custom", message: wanted });
    else if (ms > MAX_DURATION_MS) {
      context.addIssue({ code: "custom", message: `${WANTED_DURATION}, at most 24d` });
    }
    return ms ?? value;
  }).meta({ description, kind: "duration" });
}

/** Checks that a text can be read; what the reader throws says what is wrong with it. */
export function readable(
  schema: z.ZodType<string>,
  wanted: string,
  read: (text: string) => unknown,
): z.ZodType {
  return schema.check((context) => {
    try {
      read(context.value);
    } catch (error) {
      const { message } = error as Error;
      context.issues.push({ code: "custom", input: context.value, message: wanted, params: { message } });
    }
  });
}

/** Checks that a mapping has exactly one of several keys. */
export function exactlyOne(schema: z.ZodType, keys: readonly string[]): z.ZodType {
  const choices = keys.join(KEY_SEPARATOR);
  return schema.check((context) => {
    // An unknown key is told already, and it may have meant one of these.
    if (context.issues.length > 0) return;
    const value = context.value as Record<string, unknown>;
    const given = keys.filter((key) => value[key] !== undefined);
    if (given.length === 1) return;
    const found = given.length === 0 ? "none of them" : given.join(" and ");
    context.issues.push({
      code: "custom",
      input: value,
      message: `exactly one of ${choices}`,
      params: { message: `found ${found}, wanted exactly one of ${choices}` },
    });
  });
}
