/**
 * Hooks of a configuration, resolved: modules as URLs, rules with all that they left out. Pure.
 *
 * @module
 */

import { DEFAULT_HOOK_TIMEOUT_MS } from "../hooks/timeouts.ts";
import {
  type Action,
  type Condition,
  DEFAULT_WEBHOOK_RETRIES,
  DEFAULT_WEBHOOK_TIMEOUT_MS,
  EXEC_TIMEOUT_MS,
  type HookSource,
  type HooksSpec,
  type InstanceAction,
  type Rule,
} from "../hooks/rule.ts";
import type { SequenceStep } from "../hooks/steps.ts";
import { defined } from "../base/defined.ts";
import { parseDuration } from "../base/units.ts";
import { absolutePath, moduleUrl } from "./paths.ts";
import type {
  ActionInput,
  ActionMapping,
  ConditionInput,
  HookPolicyInput,
  RuleInput,
  ServiceInput,
  StepInput,
} from "./config_input.ts";
import type { ServiceConfig } from "./config.ts";

/** The hooks of a service that the schema has passed. `base` is the URL of the configuration's folder. */
export function resolveHooks(
  input: Pick<ServiceInput, "hooks"> & HookPolicyInput,
  base: string,
): Pick<ServiceConfig, "command" | "hooks" | "hookTimeoutMs" | "onHookTimeout" | "onHookError"> {
  return {
    ...(input.command === undefined ? {} : { command: input.command }),
    hooks: (input.hooks ?? []).map((one): HookSource =>
      typeof one === "string" ? { module: moduleUrl(one, base) } : { rule: resolveRule(one, base) }
    ),
    hookTimeoutMs: parseDuration(input.hookTimeout) ?? DEFAULT_HOOK_TIMEOUT_MS,
    onHookTimeout: input.onHookTimeout ?? "close",
    onHookError: input.onHookError ?? "close",
  };
}

/** The hooks of a service as an instance gets them. */
export function hooksSpec(service: ServiceConfig): HooksSpec {
  const { hooks, hookTimeoutMs, onHookTimeout, onHookError } = service;
  const sources = hooks.map((hook) =>
    "rule" in hook ? { rule: { ...hook.rule, then: hook.rule.then.map(instanceAction) } } : hook
  );
  return { sources, timeoutMs: hookTimeoutMs, onHookTimeout, onHookError };
}

/** Of a webhook an instance gets no path and no headers, which may be secret; of a program no arguments. */
function instanceAction(action: Action): InstanceAction {
  switch (action.do) {
    case "webhook":
      return { do: "webhook", url: new URL(action.url).origin };
    case "exec":
      return { do: "exec", command: action.command.slice(0, 1) };
    default:
      return action;
  }
}

/** The steps of a sequence. */
export function resolveSteps(steps: readonly StepInput[]): SequenceStep[] {
  return steps.map(resolveStep);
}

function resolveRule(input: RuleInput, base: string): Rule {
  const { on, sequence, direction = "in", within, strict, priority = 0 } = input;
  return defined({
    on: on === undefined ? undefined : [on].flat().map(String),
    sequence: sequence && resolveSteps(sequence),
    direction,
    withinMs: parseDuration(within),
    strict,
    priority,
    when: [input.when ?? []].flat().map(resolveCondition),
    then: [input.then].flat().map((action) => resolveAction(action, base)),
  });
}

function resolveStep(input: StepInput): SequenceStep {
  if (typeof input !== "object") return { test: { name: String(input) } };
  const direction = input.direction === undefined ? {} : { direction: input.direction };
  if (input.repeat !== undefined) {
    const min = Number(input.min ?? 1);
    const max = Math.max(min, Number(input.max ?? min));
    return { repeat: resolveStep(input.repeat), min, max, ...direction };
  }
  if (input.optional !== undefined) {
    return { repeat: resolveStep(input.optional), min: 0, max: 1, ...direction };
  }
  if (input.not !== undefined) return { test: { not: namesOf(input.not) }, ...direction };
  if (input.oneOf !== undefined) return { test: { oneOf: namesOf(input.oneOf) }, ...direction };
  if (input.any !== undefined) return { test: { any: true }, ...direction };
  return { test: { name: String(input.command) }, ...direction };
}

function namesOf(commands: string | number | (string | number)[]): { name: string }[] {
  return [commands].flat().map((name) => ({ name: String(name) }));
}

function resolveCondition(input: ConditionInput): Condition {
  const { field = "", address, not, ...tests } = input;
  if (not !== undefined) return { not: resolveCondition(not) };
  return address === undefined ? { field, ...tests } : { address: [address].flat() };
}

function resolveAction(input: ActionInput, base: string): Action {
  const action: ActionMapping = typeof input === "string" ? { [input]: true } : input;
  const { log, webhook } = action;
  if (action.reply !== undefined) return { do: "reply", message: action.reply };
  if (action.replace !== undefined) return { do: "replace", message: action.replace };
  if (action.drop !== undefined) return { do: "drop" };
  if (action.delay !== undefined) return { do: "delay", ms: parseDuration(action.delay)! };
  if (action.count !== undefined) return { do: "count", name: action.count };
  if (action.publish !== undefined) return { do: "publish", topic: action.publish };
  if (log !== undefined) {
    return typeof log === "string"
      ? { do: "log", level: "info", text: log }
      : { do: "log", level: log.level ?? "info", text: log.message };
  }
  if (webhook !== undefined) {
    const { url, headers = {}, timeout, retries = DEFAULT_WEBHOOK_RETRIES } = typeof webhook === "string"
      ? { url: webhook }
      : webhook;
    const timeoutMs = parseDuration(timeout) ?? DEFAULT_WEBHOOK_TIMEOUT_MS;
    return { do: "webhook", url, headers, timeoutMs, retries };
  }
  if (action.exec !== undefined) {
    const [program, ...args] = action.exec;
    // A bare name is looked for where the system looks; a path starts from the configuration, as all do.
    const command = /[/\\]/.test(program) ? absolutePath(program, base) : program;
    return { do: "exec", command: [command, ...args], timeoutMs: EXEC_TIMEOUT_MS };
  }
  return action.close === true || action.close === null
    ? { do: "close" }
    : { do: "close", last: action.close };
}
