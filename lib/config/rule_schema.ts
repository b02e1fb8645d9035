/**
 * The schema of a rule: a hook without code.
 *
 * @module
 */

import * as z from "zod";
import { compilePattern } from "../hooks/pattern.ts";
import { MAX_SEQUENCE } from "../hooks/steps.ts";
import { action } from "./action_schema.ts";
import { condition } from "./condition_schema.ts";
import { resolveSteps } from "./resolve_hooks.ts";
import {
  duration,
  exactlyOne,
  flag,
  mapping,
  named,
  oneOrMore,
  optional,
  required,
} from "./schema_builders.ts";
import { commands, direction, step } from "./sequence_schema.ts";

const ruleMapping = exactlyOne(
  mapping("a module's path, or a rule with on or sequence", {
    on: optional(commands, "Commands, or patterns with `*` in them; letter case counts"),
    sequence: optional(z.array(step, { error: "a list of steps" }), "Commands that come one after the other"),
    direction: optional(
      direction,
      "Which way the messages go: `in` from client to server, `out` back, or both",
      "in",
    ),
    within: optional(
      duration({ minimum: 1 }),
      "The most time from the first command of a sequence to the last",
    ),
    strict: optional(
      flag,
      "Whether nothing may come between the commands of a sequence, in the directions that it names",
      false,
    ),
    priority: optional(z.number({ error: "a number" }), "Higher runs first", 0),
    when: optional(oneOrMore(condition, "a condition or a list of them"), "All of these must hold"),
    then: required(
      z.union([action, z.array(action).min(1, { error: "at least one action" })], {
        error: "an action or a list of them",
      }),
      "What to do, in this order; the last of `reply`, `replace`, `drop` and `close` decides",
    ),
  }),
  ["on", "sequence"],
).check((context) => {
  const { sequence, within, strict, direction = "in" } = context.value;
  const told = (key: string, found: string, wanted: string, message?: string) =>
    context.issues.push({ code: "custom", input: found, path: [key], message: wanted, params: { message } });
  if (sequence === undefined) {
    const wanted = "sequence beside it, not on";
    if (within !== undefined) told("within", String(within), wanted);
    if (strict !== undefined) told("strict", String(strict), wanted);
    return;
  }
  try {
    compilePattern(resolveSteps(sequence), { direction });
  } catch (error) {
    told("sequence", "a list", `at most ${MAX_SEQUENCE} steps, one that must come`, (error as Error).message);
  }
});

/** One rule. */
export const rule = named(
  "RuleInput",
  "A rule, bound either to commands or to a sequence of them.",
  ruleMapping,
);
