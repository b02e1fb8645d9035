/**
 * The schema of hooks: modules and rules.
 *
 * @module
 */

import * as z from "zod";
import { parseRange } from "../base/address_range.ts";
import { parsePattern } from "../hooks/condition.ts";
import { compilePattern } from "../hooks/pattern.ts";
import { MAX_SEQUENCE } from "../hooks/steps.ts";
import type { LogLevel } from "../contract/log_level.ts";
import { didYouMean } from "../base/suggest.ts";
import { resolveSteps } from "./resolve_hooks.ts";
import {
  choice,
  count,
  duration,
  exactlyOne,
  KEY_SEPARATOR,
  mapping,
  oneOrMore,
  path,
  readable,
} from "./schema_helpers.ts";
import type { StepInput } from "./rule_input.ts";

const LOG_LEVELS: LogLevel[] = ["trace", "debug", "info", "warning", "error", "fatal"];
/** Actions that are a word alone. */
const WORDS: readonly string[] = ["drop", "close"];
const CONDITIONS: readonly string[] = ["field", "address", "not"];
const TESTS: readonly string[] = ["equals", "matches", "in", "greater", "less"];
const WANTED_STEP = "a command, or one of command, any, not, oneOf, repeat, optional in a mapping";

const text = z.string({ error: "a text" });
const number = z.number({ error: "a number" });
const yes = z.literal(true, { error: "true" });
/** A command; one that is digits may stand without quotes. */
const command = z.union([z.string(), z.number().transform(String)], { error: "a command" });
const commands = z.union([command, z.array(command).min(1, { error: "at least one command" })], {
  error: "a command or a list of commands",
});
const direction = choice(["in", "out", "both"]);

/** A message as a rule writes it. */
const message = z.unknown().check((context) => {
  if (isJson(context.value)) return;
  context.issues.push({ code: "custom", input: context.value, message: "a JSON value" });
});

const step: z.ZodType = z.lazy(() => z.union([command, stepMapping], { error: WANTED_STEP }));
const STEPS: readonly string[] = ["command", "any", "not", "oneOf", "repeat", "optional"];
const stepMapping = exactlyOne(
  mapping(WANTED_STEP, {
    command: command.optional().describe("A command"),
    any: yes.optional().describe("Any command"),
    not: commands.optional().describe("A command that is none of these"),
    oneOf: commands.optional().describe("One of these commands"),
    repeat: step.optional().describe("A step that comes min to max times"),
    optional: step.optional().describe("A step that may be left out"),
    min: count(0).optional().describe("How often a repeated step comes at least; 1 by default"),
    max: count(1).optional().describe("How often a repeated step comes at most; min by default"),
    direction: direction.optional().describe("Which way its messages go, where the rule's own does not do"),
  }),
  STEPS,
).check((context) => {
  const { repeat, min, max } = context.value as Record<string, unknown>;
  const wanted = repeat === undefined ? "repeat beside it" : `at least min, which is ${min}`;
  const key = repeat !== undefined || max !== undefined ? "max" : "min";
  const isWrong = repeat === undefined ? min !== undefined || max !== undefined : Number(min) > Number(max);
  if (isWrong) context.issues.push({ code: "custom", input: max ?? min, path: [key], message: wanted });
});

const condition: z.ZodType = z.lazy(() =>
  exactlyOne(
    mapping("a mapping with field, address or not", {
      field: text.optional().describe(
        "The path of a field as user.name or args[0]; empty for the message itself",
      ),
      equals: message.optional().describe("The field is this value"),
      matches: readable(text, "a regular expression", parsePattern).optional()
        .describe("The field matches this regular expression, plain or as /.../i"),
      in: z.array(message, { error: "a list" }).optional().describe("The field is one of these values"),
      greater: number.optional().describe("The field is a number above this one"),
      less: number.optional().describe("The field is a number below this one"),
      address: oneOrMore(
        readable(z.string({ error: "a range such as 10.0.0.0/8" }), "a range such as 10.0.0.0/8", parseRange),
        "a range such as 10.0.0.0/8 or a list of them",
      ).optional().describe("The client's address is in one of these ranges, in CIDR notation"),
      not: condition.optional().describe("This condition does not hold"),
    }),
    CONDITIONS,
  ).check((context) => {
    const value = context.value as Record<string, unknown>;
    const tests = TESTS.filter((test) => value[test] !== undefined);
    const isField = value.field !== undefined;
    if (isField === tests.length > 0) return;
    const found = isField ? "field without a test" : `${tests.join(" and ")} without field`;
    const wanted = isField
      ? `one of ${TESTS.join(KEY_SEPARATOR)} beside it`
      : "the field that is tested beside it";
    context.issues.push({
      code: "custom",
      input: value,
      message: wanted,
      params: { message: `found ${found}, wanted ${wanted}` },
    });
  })
);

const webhookUrl = z.string({ error: "a URL of http or https" }).refine(
  (url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol),
  { error: "a URL of http or https" },
);

const actionShape = {
  reply: message.optional().describe("Answer this to the sender; the message goes no further"),
  replace: message.optional().describe("Let this message go on in place of the one that came"),
  drop: yes.optional().describe("Let the message go no further"),
  delay: duration("Hold the message back for so long").optional(),
  close: message.optional().describe("Close the connection, once the client has got this message"),
  log: z.union([
    text,
    mapping("a text, or a mapping with level and message", {
      level: choice(LOG_LEVELS).optional().describe("info by default"),
      message: text.describe("What is logged"),
    }),
  ], { error: "a text, or a mapping with level and message" }).optional().describe("Write to the log"),
  count: z.string({ error: "a name" }).regex(/^[A-Za-z][\w.:-]*$/, {
    error: "a name of letters, digits and _ . : - that begins with a letter",
  }).optional().describe("Count under this name in the service's counters"),
  webhook: z.union([
    webhookUrl,
    mapping("a URL, or a mapping with url", {
      url: webhookUrl.describe("Where to post"),
      headers: z.record(z.string(), text, { error: "a mapping of names to texts" }).optional()
        .describe("Headers of the request"),
      timeout: duration("How long one attempt may take; 5s by default", { min: 1 }).optional(),
      retries: count(0).optional().describe("How many attempts follow a failed one; 3 by default"),
    }),
  ], { error: "a URL, or a mapping with url" }).optional()
    .describe("Post what happened to this URL, beside and with retries"),
  exec: z.array(text, { error: "a list of a program and its arguments" })
    .min(1, { error: "a list of a program and its arguments" }).optional()
    .describe(
      "Run this program with these arguments, without a shell; the message is JSON on its standard input",
    ),
  publish: text.min(1, { error: "a topic" }).optional()
    .describe("Send what happened to every subscriber of this topic"),
};
const ACTIONS = Object.keys(actionShape);
const WANTED_ACTION = `an action: ${ACTIONS.join(KEY_SEPARATOR)}`;

const action = z.union([
  z.string().check((context) => {
    if (WORDS.includes(context.value)) return;
    const hint = ACTIONS.includes(context.value)
      ? `${context.value} with its value, as a mapping`
      : `drop, close or a mapping with one of ${ACTIONS.join(KEY_SEPARATOR)}${
        didYouMean(context.value, ACTIONS)
      }`;
    context.issues.push({ code: "custom", input: context.value, message: hint });
  }),
  exactlyOne(mapping(WANTED_ACTION, actionShape), ACTIONS),
], { error: WANTED_ACTION });

const rule = exactlyOne(
  mapping("a module's path, or a rule with on or sequence", {
    on: commands.optional().describe("Commands, or patterns with * in them; letter case counts"),
    sequence: z.array(step, { error: "a list of steps" }).optional().describe(
      "Commands that come one after the other",
    ),
    direction: direction.optional()
      .describe("Which way the messages go: in from client to server, out back, or both; in by default"),
    within: duration("The most time from the first command of a sequence to the last", { min: 1 }).optional(),
    strict: z.boolean({ error: "true or false" }).optional()
      .describe("Whether nothing may come between the commands of a sequence; false by default"),
    priority: number.optional().describe("Higher runs first; 0 by default"),
    when: oneOrMore(condition, "a condition or a list of them").optional().describe("All of these must hold"),
    then: z.union([action, z.array(action).min(1, { error: "at least one action" })], {
      error: "an action or a list of them",
    }).describe("What is done, in this order; the last of reply, replace, drop and close decides"),
  }),
  ["on", "sequence"],
).check((context) => {
  const { sequence, within, strict, direction = "in" } = context.value as {
    sequence?: StepInput[];
    within?: unknown;
    strict?: unknown;
    direction?: "in";
  };
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

/** The schemas of a service's keys that concern hooks. */
export function hookSchemas(): Record<string, z.ZodType> {
  return {
    hooks: z.array(z.union([path, rule], { error: "a module's path, or a rule with on or sequence" }), {
      error: "a list of modules' paths and rules",
    }).optional().describe("Hooks on commands, in their order: paths of modules, or rules"),
    hookTimeout: duration("How long a hook's promise may take; 5s by default, 0 turns it off").optional(),
    onHookTimeout: choice(["pass", "drop", "close"]).optional()
      .describe(
        "What becomes of the message whose hook takes longer; close by default, which ends the connection",
      ),
    onHookError: choice(["pass", "close"]).optional()
      .describe("What becomes of the message whose hook throws; close by default, which ends the connection"),
  };
}

function isJson(value: unknown): boolean {
  if (["function", "symbol", "bigint"].includes(typeof value)) return false;
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
