/**
 * From what the schema says to findings in our words.
 *
 * @module
 */

import type * as z from "zod";
import { didYouMean } from "../base/suggest.ts";
import { describe, type Finding, finding, type Place } from "./problem.ts";
import { KEY_SEPARATOR } from "./schema_builders.ts";
import { valueAt } from "./raw_tree.ts";

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
      const inner = issue.errors.find((issues) => !issues.some((one) => isOfOtherKind(one, value)));
      if (inner === undefined) break;
      return inner.flatMap((one) => findingsOfOne(one, [...place, ...one.path], tree));
    }
  }
  const message = issue.code === "custom" ? issue.params?.message : undefined;
  return [finding(place, { found: describe(value), wanted: issue.message, message })];
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
