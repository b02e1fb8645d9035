/**
 * The schema as JSON Schema, for editors. They see a configuration before its variables are replaced, so wherever one
 * may stand, it passes.
 *
 * @module
 */

import * as z from "zod";
import { configSchema } from "./config_schema.ts";
import type { Documentation, Kind, TypeOrigin } from "./schema_builders.ts";

/** A JSON Schema with what the builders say besides. */
type JsonSchema = z.core.JSONSchema.BaseSchema & Partial<Documentation & TypeOrigin & Kind>;

const VARIABLE = "\\$\\{.+\\}";
const NUMBER = "[0-9]+(\\.[0-9]+)?";

/** Quantities as strings, by kind. */
const QUANTITIES: Readonly<Record<Kind["kind"], string>> = {
  size: `^${NUMBER} *([bB]|[kKmMgG]([iI]?[bB])?)?$|${VARIABLE}`,
  duration: `^${NUMBER} *([mM]?[sS]|[mM]([iI][nN])?|[hHdD])?$|${VARIABLE}`,
  count: `^[0-9]+$|${VARIABLE}`,
};

/** Makes the JSON Schema of a configuration as it is written. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "protohost configuration",
    ...z.toJSONSchema(configSchema, {
      io: "input",
      override: ({ jsonSchema }) => forEditors(jsonSchema),
    }),
  };
}

function forEditors(schema: JsonSchema): void {
  const { kind, minimum = 0, maximum, fallback } = schema;
  for (const own of ["kind", "fallback", "extends", "module", "id"]) delete schema[own];
  if (typeof fallback === "object") schema.description += `; by default ${fallback.words}`;
  else if (fallback !== undefined) schema.default = fallback;
  if (kind !== undefined) {
    for (const own of ["type", "minimum", "maximum"]) delete schema[own];
    const number: JsonSchema = {
      type: kind === "count" ? "integer" : "number",
      minimum,
      ...(maximum === undefined ? {} : { maximum }),
    };
    schema.anyOf = [number, { type: "string", pattern: QUANTITIES[kind] }];
  } else if (schema.enum !== undefined) {
    schema.anyOf = [{ enum: schema.enum }, { type: "string", pattern: VARIABLE }];
    delete schema.enum;
    delete schema.type;
  }
}
