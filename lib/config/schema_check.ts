/**
 * Checking a configuration by its schema, and saying what is wrong in our words.
 *
 * @module
 */

import type * as z from "zod";
import { nearest } from "../base/suggest.ts";
import type { ConfigInput, ServiceInput } from "./config_input.ts";
import { configSchema, serviceSchema } from "./config_schema.ts";
import { describe, type Finding, finding, keyFinding, type Place } from "./problem.ts";
import { asMapping, isMapping, valueAt } from "./raw_tree.ts";
import { KEY_SEPARATOR } from "./schema_builders.ts";

type Issue = z.core.$ZodIssue;

/** What a schema says of a configuration. */
export interface SchemaCheck {
  findings: Finding[];
  /** The configuration, if nothing is wrong. */
  data?: ConfigInput;
}

const maybeService = serviceSchema.nullish();

/**
 * Checks a configuration, one service after the other, until more than `most` findings are made: a schema that is given
 * all at once judges every value before it answers, and joins what it says of them by calls that a large configuration
 * makes too long for the stack.
 */
export function checkBySchema(tree: unknown, most: number): SchemaCheck {
  const { services } = asMapping(tree);
  const outline = isMapping(services)
    ? { ...asMapping(tree), services: Object.fromEntries(Object.keys(services).map((name) => [name, {}])) }
    : tree;
  const { data, error } = configSchema.safeParse(outline);
  const findings = [...findingsOf(error, tree, [])];
  const checked: Record<string, ServiceInput> = {};
  for (const [name, value] of Object.entries(asMapping(services))) {
    if (findings.length > most) break;
    const { data, error } = maybeService.safeParse(value);
    for (const one of findingsOf(error, tree, ["services", name])) findings.push(one);
    checked[name] = data ?? {};
  }
  return data === undefined || findings.length > 0
    ? { findings }
    : { findings, data: { ...data, services: checked } };
}

/** Makes findings of what the schema says of the part of a tree that is at a place. */
function* findingsOf(error: z.ZodError | undefined, tree: unknown, place: Place): Generator<Finding, void> {
  for (const issue of error?.issues ?? []) yield* findingsOfOne(issue, [...place, ...issue.path], tree);
}

function* findingsOfOne(issue: Issue, place: Place, tree: unknown): Generator<Finding, void> {
  const value = valueAt(tree, place);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = issue.message.split(KEY_SEPARATOR);
      for (const key of issue.keys) yield unknownKey([...place, key], known);
      return;
    }
    case "invalid_key":
      for (const { message: wanted } of issue.issues) {
        yield keyFinding(place, { found: describe(String(place.at(-1))), wanted });
      }
      return;
    case "invalid_union": {
      // Where the value is of the kind of one choice, what is wrong with it says more than the choices.
      const inner = issue.errors.find((issues) => !issues.some((one) => isOfOtherKind(one, value)));
      if (inner === undefined) break;
      for (const one of inner) yield* findingsOfOne(one, [...place, ...one.path], tree);
      return;
    }
  }
  const message = issue.code === "custom" ? issue.params?.message : undefined;
  yield finding(place, { found: describe(value), wanted: issue.message, message });
}

function unknownKey(place: Place, known: readonly string[]): Finding {
  const key = String(place.at(-1));
  const wanted = `one of ${known.join(KEY_SEPARATOR)}`;
  if (key === "<<") {
    const message = "merge keys are not supported: an alias can stand for a whole value only";
    return keyFinding(place, { found: describe(key), wanted, message });
  }
  const near = nearest(key, known);
  if (near !== undefined) {
    return keyFinding(place, {
      found: describe(key),
      wanted,
      message: `unknown key, did you mean "${near}"?`,
    });
  }
  return keyFinding(place, { found: describe(key), wanted, message: `unknown key, wanted ${wanted}` });
}

/** Whether an issue is that a value is a number where a text is wanted, and the like. */
function isOfOtherKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false;
  switch (issue.code) {
    case "invalid_union":
      return issue.errors.every((issues) => issues.some((one) => isOfOtherKind(one, value)));
    case "invalid_value":
      return !issue.values.some((wanted) => typeof wanted === typeof value);
    default:
      return issue.code === "invalid_type";
  }
}
