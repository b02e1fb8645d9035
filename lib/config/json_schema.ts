/**
 * The schema as JSON Schema, for editors. They see a configuration before its variables are replaced, so wherever one
 * may stand, it passes.
 *
 * @module
 */

import * as z from "zod";
import { configSchema } from "./config_schema.ts";
import type { AddressOf, Documentation, Kind, TypeOrigin } from "./schema_builders.ts";

/** A JSON Schema with what the builders say besides. */
type JsonSchema = z.core.JSONSchema.BaseSchema & Partial<Documentation & TypeOrigin & Kind & AddressOf>;

const VARIABLE = "\\$\\{.+\\}";
const NUMBER = "[0-9]+(\\.[0-9]+)?";

/** Quantities as strings, by kind. */
const QUANTITIES: Readonly<Record<Kind["kind"], string>> = {
  size: `^${NUMBER} *([bB]|[kKmMgG]([iI]?[bB])?)?$|${VARIABLE}`,
  duration: `^${NUMBER} *([mM]?[sS]|[mM]([iI][nN])?|[hHdD])?$|${VARIABLE}`,
  count: `^[0-9]+$|${VARIABLE}`,
};

const HOST_PORT = "(\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?\\]|[^:/\\s\\[\\]]+):[0-9]{1,5}/?";

const UNIX = "[uU][nN][iI][xX]://.+";

/** Addresses, by whose they are: what a pattern can say of them. */
const ADDRESSES: Readonly<Record<AddressOf["address"], string>> = {
  listen: `^([A-Za-z][A-Za-z0-9_.-]*\\+)?${UNIX}|^[A-Za-z][A-Za-z0-9_.-]*(\\+[A-Za-z]+)?://${HOST_PORT}$`,
  upstream: `^${UNIX}|^[A-Za-z]+://${HOST_PORT}$`,
};

/** Makes the JSON Schema of a configuration as it is written. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    $id: "urn:protohost:configuration",
    title: "protohost configuration",
    ...z.toJSONSchema(configSchema, {
      io: "input",
      override: ({ jsonSchema }) => forEditors(jsonSchema),
    }),
  };
}

function forEditors(schema: JsonSchema): void {
  const { kind, minimum = 0, maximum, fallback, address } = schema;
  for (const own of ["kind", "fallback", "extends", "module", "id", "address"]) delete schema[own];
  if (typeof fallback === "object") schema.description += `; by default ${fallback.words}`;
  else if (fallback !== undefined) schema.default = fallback;
  if (address !== undefined) schema.pattern = `${ADDRESSES[address]}|${VARIABLE}`;
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
