/**
 * The types that users write a configuration by, made from its schema as TypeScript: so that a key, its type and what is
 * said of it stand in one place, and those types have the documentation on each key and need no inference by whoever
 * imports them. `scripts/schema.ts` writes them to `config_input.ts` and `limit_types.ts`.
 *
 * @module
 */

import * as z from "zod";
import { DEFAULT_LIMITS, LIMIT_FIELDS } from "../contract/limits.ts";
import { configSchema } from "./config_schema.ts";
import { hookPolicy } from "./hooks_schema.ts";
import { limits } from "./limits_schema.ts";
import type { Documentation, Kind, TypeOrigin } from "./schema_builders.ts";
import { upstream } from "./upstream_schema.ts";

/** A JSON Schema with what the builders say besides. */
type Schema = z.core.JSONSchema.BaseSchema & Partial<Documentation & TypeOrigin & Kind>;

/** A member of an interface. */
interface Member {
  name: string;
  type: string;
  text: string;
  isOptional?: boolean;
  default?: string;
}

const LINE_WIDTH = 110;
const WRITTEN = "Written by scripts/schema.ts; do not edit";

/** The text of `config_input.ts`. */
export function configInputTypes(): string {
  const named = new Map<string, Schema>();
  for (const schema of [configSchema, upstream, hookPolicy]) collect(schema, named);
  const declared = [...named].filter(([, { module }]) => module === undefined);
  const bodies = declared.map(([name, schema]) => declaration(name, schema, named));
  const text = bodies.join("\n");
  const imports = [
    ...[...named].flatMap(([name, { module }]) => module === undefined ? [] : [[name, module]]),
    ...(/\bQuantity\b/.test(text) ? [["Quantity", "../base/units.ts"]] : []),
  ].map(([name, module]) => `import type { ${name} } from "${module}";\n`);
  const purpose =
    "The configuration as users write it, made from `config_schema.ts` and the schemas of its parts.";
  return `${comment([purpose, "", WRITTEN, "", "@module"])}\n${imports.join("")}\n${text}`;
}

/** The text of `limit_types.ts`. */
export function limitTypes(): string {
  const named = new Map<string, Schema>();
  collect(limits, named);
  const resolved = Object.entries(LIMIT_FIELDS).map(([, { field, text }]): Member => ({
    name: field,
    type: "number",
    text,
    default: String(DEFAULT_LIMITS[field]),
  }));
  const purpose = "The limits of a service, made from their table in `limits.ts`.";
  return `${comment([purpose, "", WRITTEN, "", "@module"])}
import type { Quantity } from "../base/units.ts";

${interfaceOf("Limits", "The limits of a service as numbers: bytes, counts, milliseconds.", resolved)}
${declaration("LimitsInput", named.get("LimitsInput")!, named)}`;
}

/** Adds every type of a schema that has a name, in the order in which they are met. */
function collect(schema: z.ZodType, named: Map<string, Schema>): void {
  const root: Schema = z.toJSONSchema(z.object({ root: schema }), { io: "input" });
  const definitions: Record<string, Schema> = root.$defs ?? {};
  function visit(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    const reference = referenceOf(value);
    if (reference !== undefined && !named.has(reference)) {
      named.set(reference, definitions[reference]);
      visit(definitions[reference]);
    }
    Object.values(value).forEach(visit);
  }
  visit(root.properties);
}

function declaration(name: string, schema: Schema, named: ReadonlyMap<string, Schema>): string {
  const { description = "", properties, extends: parents = [], required = [] } = schema;
  if (properties === undefined) {
    return `${comment([sentence(description)])}export type ${name} = ${typeOf(schema)};\n`;
  }
  const inherited = new Set(parents.flatMap((parent) => Object.keys(named.get(parent)?.properties ?? {})));
  const members = Object.entries(properties).filter(([key]) => !inherited.has(key))
    .map(([key, property]) => memberOf(key, property as Schema, required.includes(key)));
  return interfaceOf(
    parents.length === 0 ? name : `${name} extends ${parents.join(", ")}`,
    description,
    members,
  );
}

function memberOf(name: string, schema: Schema, isRequired: boolean): Member {
  const { description = "", fallback } = schema;
  return {
    name,
    type: typeOf(schema),
    text: description,
    isOptional: !isRequired,
    default: typeof fallback === "object" ? fallback.words : JSON.stringify(fallback),
  };
}

function interfaceOf(head: string, description: string, members: readonly Member[]): string {
  const lines = members.map(({ name, type, text, isOptional, default: value }) => {
    const said = [sentence(text), ...(value === undefined ? [] : ["", `@default {${value}}`])];
    return `${comment(said, "  ")}  ${name}${isOptional ? "?" : ""}: ${type};\n`;
  });
  return `${comment([sentence(description)])}export interface ${head} {\n${lines.join("")}}\n`;
}

/** A schema as a type. A mapping that may be empty in YAML is none in code: `null` is left out. */
function typeOf(schema: Schema): string {
  if (schema.kind !== undefined) return schema.kind === "count" ? "number" : "Quantity";
  const reference = referenceOf(schema);
  if (reference !== undefined) return reference;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.anyOf !== undefined) {
    const types = schema.anyOf.map((one) => typeOf(one as Schema)).filter((type) => type !== "null");
    return [...new Set(types)].join(" | ");
  }
  switch (schema.type) {
    case "array": {
      const item = typeOf(schema.items as Schema);
      return item.includes(" | ") ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      return `Record<string, ${typeOf(schema.additionalProperties as Schema)}>`;
    case "integer":
      return "number";
    case undefined:
      return "unknown";
    default:
      return String(schema.type);
  }
}

function referenceOf(value: object): string | undefined {
  return "$ref" in value ? /^#\/\$defs\/(\w+)$/.exec(String(value.$ref))?.[1] : undefined;
}

/** Paragraphs as a comment, its lines wrapped. */
function comment(paragraphs: readonly string[], indent = ""): string {
  const [only] = paragraphs;
  if (paragraphs.length === 1 && indent.length + only.length + 7 <= LINE_WIDTH) {
    return `${indent}/** ${only} */\n`;
  }
  const lines = paragraphs.flatMap((paragraph) => wrap(paragraph, LINE_WIDTH - indent.length - 3));
  return `${indent}/**\n${
    lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("")
  }${indent} */\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
