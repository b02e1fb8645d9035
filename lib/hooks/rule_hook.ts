/**
 * From a rule to a hook. If its conditions hold, it runs its side effects in their order and returns its verdict.
 *
 * @module
 */

import { compileCondition } from "./condition.ts";
import type { HookFunction } from "./hook_context.ts";
import type { HookEntry } from "./hook_entry.ts";
import { within } from "./hook_error.ts";
import { compilePattern } from "./pattern.ts";
import { describeRule, type InstanceAction, type Rule } from "./rule.ts";
import { compileEffects, type EffectOptions } from "./rule_effects.ts";
import { compileVerdict, isDeciding, type MakeVerdict } from "./rule_verdict.ts";
import type { Direction } from "./verdict.ts";

/** What a rule is compiled with. */
export type RuleOptions = EffectOptions;

/**
 * Makes a hook of a rule.
 *
 * @throws {HookDefinitionError} If a message in it cannot be read, or it has another mistake.
 */
export function compileRule(rule: Rule<InstanceAction>, options: RuleOptions): HookEntry {
  const place = `hooks[${options.hook}]`;
  const conditions = rule.when.map((condition, index) =>
    within(`${place}.when[${index}]`, () => compileCondition(condition))
  );
  const effects = compileEffects(rule, options);
  const verdicts: Record<Direction, MakeVerdict> = {
    in: compileVerdict(rule, "in", { ...options, place }),
    out: compileVerdict(rule, "out", { ...options, place }),
  };
  const run: HookFunction = (context) => {
    if (!conditions.every((holds) => holds(context))) return undefined;
    for (const effect of effects) effect(context);
    return verdicts[context.direction]();
  };
  const base = {
    priority: rule.priority,
    run,
    label: `${place}: ${describeRule(rule)}`,
    mayReply: rule.then.some((action) => action.do === "reply"),
    observe: !rule.then.some(isDeciding),
  };
  const { direction, withinMs, strict } = rule;
  if (rule.sequence === undefined) {
    return { kind: "command", commands: rule.on ?? [], direction, ...base };
  }
  const pattern = within(`${place}.sequence`, () =>
    compilePattern(rule.sequence!, {
      direction,
      withinMs,
      strict,
      // A rule's actions look at the last message only.
      keep: false,
    }));
  return { kind: "sequence", steps: rule.sequence, pattern, ...base };
}
