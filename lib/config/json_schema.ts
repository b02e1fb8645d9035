/**
 * The schema as JSON Schema, for editors. They see a configuration before its variables are replaced, so wherever one
 * may stand, it passes.
 *
 * @module
 */

import * as z from "zod";
import { configSchema } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

const VARIABLE = "\\$\\{.+\\}";
/** What the schema takes for a whole number in a string. */
const DIGITS = "^\\d+$";
const NUMBER = "[0-9]+(\\.[0-9]+)?";

/** Strings that limits are written as, by kind. */
const QUANTITIES: Readonly<Record<string, string>> = {
  size: `^${NUMBER} *([bB]|[kKmMgG]([iI]?[bB])?)?$|${VARIABLE}`,
  duration: `^${NUMBER} *([mM]?[sS]|[mMhHdD])?$|${VARIABLE}`,
  count: `${DIGITS}|${VARIABLE}`,
};

/** Makes the JSON Schema of a configuration as it is written. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "protohost configuration",
    ...z.toJSONSchema(configSchema, {
      io: "input",
      override: ({ jsonSchema }) => allowVariables(jsonSchema),
    }),
  };
}

function allowVariables(schema: JsonSchema): void {
  const { kind } = schema;
  if (typeof kind === "string") {
    delete schema.kind;
    delete schema.type;
    schema.anyOf = [{ type: kind === "count" ? "integer" : "number", minimum: 0 }, {
      type: "string",
      pattern: QUANTITIES[kind],
    }];
  } else if (schema.enum !== undefined) {
    schema.anyOf = [{ enum: schema.enum }, { type: "string", pattern: VARIABLE }];
    delete schema.enum;
    delete schema.type;
  } else if (schema.pattern === DIGITS) {
    schema.pattern = `${DIGITS}|${VARIABLE}`;
  } else if (schema.type === "integer") {
    delete schema.maximum;
  }
}
