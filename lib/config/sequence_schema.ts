/**
 * The schema of the steps of a rule's sequence.
 *
 * @module
 */

import * as z from "zod";
import type { StepInput } from "./config_input.ts";
import { choice, count, exactlyOne, mapping, named, optional } from "./schema_builders.ts";

const WANTED_STEP = "a command, or one of command, any, not, oneOf, repeat, optional in a mapping";

/** A command; one of digits may stand without quotes. */
export const command: z.ZodType<string, string | number> = z.union(
  [z.string(), z.number().transform(String)],
  {
    error: "a command",
  },
);

/** A command or several. */
export const commands = z.union([command, z.array(command).min(1, { error: "at least one command" })], {
  error: "a command or a list of commands",
});

/** Which way messages go. */
export const direction = choice(["in", "out", "both"]);

/** One step of a sequence. */
export const step: z.ZodType<StepInput> = named(
  "StepInput",
  "A step of a sequence: a command, or a mapping.",
  z.lazy(() => z.union([command, namedMapping], { error: WANTED_STEP })),
);

const STEPS: readonly string[] = ["command", "any", "not", "oneOf", "repeat", "optional"];

const stepMapping = exactlyOne(
  mapping(WANTED_STEP, {
    command: optional(command, "A command"),
    any: optional(z.literal(true, { error: "true" }), "Any command"),
    not: optional(commands, "A command that is none of these"),
    oneOf: optional(commands, "One of these commands"),
    repeat: optional(step, "A step that comes `min` to `max` times"),
    optional: optional(step, "A step that may be left out"),
    min: optional(count(0), "How often a repeated step comes at least", 1),
    max: optional(count(1), "How often a repeated step comes at most", { words: "`min`" }),
    direction: optional(direction, "Which way the messages of this step go", { words: "that of the rule" }),
  }),
  STEPS,
).check((context) => {
  const { repeat, min, max } = context.value;
  const wanted = repeat === undefined ? "repeat beside it" : `at least min, which is ${min}`;
  const key = repeat !== undefined || max !== undefined ? "max" : "min";
  const isWrong = repeat === undefined ? min !== undefined || max !== undefined : Number(min) > Number(max);
  if (isWrong) context.issues.push({ code: "custom", input: max ?? min, path: [key], message: wanted });
});

const namedMapping = named(
  "StepMapping",
  "A step with exactly one of the keys but `direction`, `min` and `max`.",
  stepMapping,
);
