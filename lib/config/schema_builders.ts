/**
 * What the schema of a configuration is built from. The schema is the only place that names a key: the types that users
 * write by (`config_input.ts`), `schema.json` and the words of problems are made from it.
 *
 * The error text of each builder is what it wants: "found 5, wanted TEXT".
 *
 * @module
 */

import * as z from "zod";
import { didYouMean } from "../base/suggest.ts";
import { formatDuration, parseDuration, type Quantity } from "../base/units.ts";
import { MAX_DURATION_MS } from "../contract/limits.ts";

/** What separates the known keys in the error text of an unknown one. */
export const KEY_SEPARATOR = ", ";

const WANTED_DURATION = "a duration such as 500ms, 30s or 5m";

/** What is said of a schema besides what it takes; the JSON Schema carries it, and the types of users are made from it. */
export interface Documentation {
  description: string;
  fallback?: Fallback;
}

/** What holds without a key: a value as it would be written, or words. */
export type Fallback = string | number | boolean | { words: string };

/** Where the type of a schema comes from. */
export interface TypeOrigin {
  /** Names of the types whose keys it has too. */
  extends?: string[];
  /** The module that declares it, if not the one of the configuration's types. */
  module?: string;
}

/** What stands in for the type of a schema in the types of users and in JSON Schema. */
export interface Kind {
  kind: "size" | "duration" | "count";
  minimum?: number;
  maximum?: number;
}

/** Whose address a text is, for what editors can check of it. */
export interface AddressOf {
  address: "listen" | "upstream";
}

/** A key that may be left out. */
export function optional<T extends z.ZodType>(
  schema: T,
  description: string,
  fallback?: Fallback,
): z.ZodOptional<T> {
  return schema.optional().meta({ description, fallback } satisfies Documentation);
}

/** A key that must be there. */
export function required<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ description } satisfies Documentation);
}

/** A mapping that may be left out, or of which nothing but the key stands, as `limits:` above lines commented out. */
export function optionalMapping<T extends z.ZodType>(
  schema: T,
  description: string,
): z.ZodOptional<z.ZodType<z.output<T> | undefined, z.input<T> | null | undefined>> {
  const absent: z.ZodType<z.output<T> | undefined, z.input<T> | null | undefined> = schema.nullish()
    .transform((value) => value ?? undefined);
  return absent.optional().meta({ description } satisfies Documentation);
}

/** A mapping of known keys. */
export function mapping<S extends z.core.$ZodShape>(
  wanted: string,
  shape: S,
): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape).join(KEY_SEPARATOR);
  return z.strictObject(shape, { error: (issue) => issue.code === "unrecognized_keys" ? keys : wanted });
}

/** A schema whose type has a name in the types of users. Called last: what is made of a schema loses its name. */
export function named<T extends z.ZodType>(id: string, description: string, schema: T, more?: TypeOrigin): T {
  return schema.meta({ id, description, ...more });
}

/** A URL that Deno does not import from. Single letters are drives. */
const OTHER_URL = /^(?!(?:file|https?|jsr|npm|data):)[a-z][a-z\d+.-]+:/i;

/** A text on one line that is not empty. */
export function line(wanted: string): z.ZodString {
  return z.string({ error: wanted }).min(1, { error: wanted }).refine((text) => !/\p{Cc}/u.test(text), {
    error: `${wanted}, without control characters`,
  });
}

/** A path. */
export const path: z.ZodString = line("a path");

/** The path or URL of a module. */
export const modulePath: z.ZodString = path.refine((text) => !OTHER_URL.test(text), {
  error: "a path, or a URL that begins with file:, https:, jsr: or npm:",
});

/** The name of a host. */
export const hostName: z.ZodString = line("a host name").regex(/^[^ ]*$/, { error: "a host name" });

/** True or false. */
export const flag: z.ZodBoolean = z.boolean({ error: "true or false" });

/** A value or a list of them. */
export function oneOrMore<T extends z.ZodType>(
  schema: T,
  wanted: string | ((issue: { input?: unknown }) => string),
): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([schema, z.array(schema).min(1, { error: wanted })], { error: wanted });
}

/** One of several words. */
export function choice<const T extends string>(
  values: readonly T[],
): z.ZodEnum<{ [K in T]: K }> {
  const wanted = `one of ${values.join(KEY_SEPARATOR)}`;
  return z.enum(values, { error: ({ input }) => wanted + didYouMean(String(input), values) });
}

/** A whole number, or its digits as a variable of the environment brings them. */
export function count(
  minimum: number,
  { maximum }: { maximum?: number } = {},
): z.ZodType<number, number | string> {
  const error = `a whole number${rangeText(minimum, maximum)}`;
  const number = z.int({ error }).min(minimum, { error }).max(maximum ?? Number.MAX_SAFE_INTEGER, { error });
  const digits = z.string().regex(/^\d+$/, { error }).transform(Number).pipe(number);
  return z.union([number, digits], { error }).meta({ kind: "count", minimum, maximum } satisfies Kind);
}

/** A duration with or without a unit; answers milliseconds. */
export function duration({ minimum = 0 }: { minimum?: number } = {}): z.ZodType<number, Quantity> {
  const wanted = `${WANTED_DURATION}${minimum > 0 ? `, at least ${formatDuration(minimum)}` : ""}`;
  return z.union([z.number(), z.string()], { error: wanted }).transform((value, context): number => {
    const ms = parseDuration(value);
    if (ms === undefined || ms < minimum) context.addIssue({ code: "custom", message: wanted });
    else if (ms > MAX_DURATION_MS) {
      context.addIssue({ code: "custom", message: `${WANTED_DURATION}, at most 24d` });
    }
    return ms ?? 0;
  }).meta({ kind: "duration" } satisfies Kind);
}

/** A text that a reader takes; what it throws says what is wrong. */
export function readable(wanted: string, read: (text: string) => unknown): z.ZodString {
  return z.string({ error: wanted }).check((context) => {
    try {
      read(context.value);
    } catch (error) {
      const { message } = error as Error;
      context.issues.push({ code: "custom", input: context.value, message: wanted, params: { message } });
    }
  });
}

/** A mapping of which exactly one of several keys is given. */
export function exactlyOne<T extends z.ZodObject>(schema: T, keys: readonly string[]): T {
  const choices = keys.join(KEY_SEPARATOR);
  return schema.check((context) => {
    // An unknown key is told already, and it may have meant one of these.
    if (context.issues.length > 0) return;
    const value: Record<string, unknown> = context.value;
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

function rangeText(minimum: number, maximum: number | undefined): string {
  return maximum === undefined ? `, at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}
