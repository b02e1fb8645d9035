/**
 * The schema of limits, made from their table.
 *
 * @module
 */

import * as z from "zod";
import type { Quantity } from "../base/units.ts";
import { formatDuration, formatSize } from "../base/units.ts";
import {
  DEFAULT_LIMITS,
  LIMIT_FIELDS,
  type LimitField,
  type LimitsInput,
  parseLimit,
} from "../contract/limits.ts";
import { type Kind, mapping, named, optional } from "./schema_builders.ts";

type LimitName = keyof LimitsInput;

/** All limits of a service. */
export const limits = named(
  "LimitsInput",
  "Limits as users write them: plain numbers are bytes and milliseconds.",
  mapping(
    "a mapping of limits",
    mapValues(LIMIT_FIELDS, (name, field) => optional(limitOf(name, field), field.text, defaultOf(field))),
  ),
  { module: "../contract/limit_types.ts" },
);

/** The default of a limit as it would be written. */
export function defaultOf({ kind, field }: LimitField): Quantity {
  const value = DEFAULT_LIMITS[field];
  if (value === 0 || kind === "count") return value;
  return kind === "size" ? formatSize(value) : formatDuration(value);
}

function limitOf(name: LimitName, { kind, min }: LimitField): z.ZodType<number, Quantity> {
  return z.union([z.number(), z.string()], { error: () => wantedOf(parseLimit(name, undefined)) })
    .transform((value, context): number => {
      // A variable of the environment brings its digits as a string.
      const quantity = kind === "count" && typeof value === "string" && /^\d+$/.test(value)
        ? Number(value)
        : value;
      const limit = parseLimit(name, quantity);
      if (typeof limit === "number") return limit;
      context.addIssue({ code: "custom", message: limit.wanted });
      return 0;
    }).meta({ kind, minimum: min } satisfies Kind);
}

function wantedOf(answer: number | { wanted: string }): string {
  return typeof answer === "number" ? "another value" : answer.wanted;
}

function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  make: (key: K, value: A) => B,
): Record<K, B> {
  const entries = Object.entries(record) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, make(key, value)])) as Record<K, B>;
}
