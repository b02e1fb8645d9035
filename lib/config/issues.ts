/**
 * From what the schema says to findings in our words.
 *
 * @module
 */

import type * as z from "zod";
import { didYouMean } from "../base/suggest.ts";
import { describe, type Finding, finding, type Place } from "./problems.ts";
import { KEY_SEPARATOR } from "./schema_helpers.ts";
import { valueAt } from "./untyped.ts";

type Issue = z.core.$ZodIssue;

/** Makes findings of the issues that the schema has with a tree. */
export function findingsOf(issues: readonly Issue[], tree: unknown): Finding[] {
  return issues.flatMap((issue) => findingsOfOne(issue, issue.path, tree));
}

function findingsOfOne(issue: Issue, place: Place, tree: unknown): Finding[] {
  const value = valueAt(tree, place);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = issue.message.split(KEY_SEPARATOR);
      return issue.keys.map((key) =>
        finding(place, {
          found: JSON.stringify(key),
          wanted: `one of ${issue.message}${didYouMean(key, known)}`,
        })
      );
    }
    case "invalid_key":
      return issue.issues.map((inner) =>
        finding(place, { found: JSON.stringify(place.at(-1)), wanted: inner.message })
      );
    case "invalid_union": {
      // Where the value is of the kind of one choice, what is wrong with it says more than the choices.
      const inner = issue.errors.find((issues) => !issues.some(isOfOtherKind));
      if (inner === undefined) break;
      return inner.flatMap((one) => findingsOfOne(one, [...place, ...one.path], tree));
    }
    case "invalid_value": {
      const wanted = issue.message + didYouMean(String(value), issue.values.map(String));
      return [finding(place, { found: describe(value), wanted })];
    }
  }
  const message = issue.code === "custom" ? issue.params?.message : undefined;
  return [finding(place, { found: describe(value), wanted: issue.message, message })];
}

function isOfOtherKind(issue: Issue): boolean {
  if (issue.code === "invalid_union" && issue.path.length === 0) {
    return issue.errors.every((issues) => issues.some(isOfOtherKind));
  }
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}
