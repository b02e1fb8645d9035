/**
 * From the other actions of a rule to its side effects.
 *
 * @module
 */

import { formatAddr } from "../contract/endpoint.ts";
import { eventOf, messageJson } from "./action_event.ts";
import { DEFAULT_QUEUE, type QueueOptions } from "./action_queue.ts";
import type { RunAction } from "./action_request.ts";
import { queueFull } from "./action_runner.ts";
import type { HookContext } from "./hook_context.ts";
import { describeMessage } from "./hook_error.ts";
import type { HookOptions } from "./hook_set.ts";
import type { InstanceAction, Rule, ServerAction } from "./rule.ts";
import { compileText } from "./rule_text.ts";
import { type DecidingAction, isDeciding } from "./rule_verdict.ts";

/** Does what an action says, and returns at once. */
export type Effect = (context: HookContext) => void;

/** What effects are compiled with. */
export interface EffectOptions extends HookOptions {
  /** The rule's index among the hooks of the service. */
  hook: number;
  /** Has the server run an action. */
  runAction: RunAction;
  /** How many of each such action may be under way. */
  queue?: Pick<QueueOptions, "maxJobs" | "maxBytes">;
}

/** Makes the side effects of a rule, in their order. */
export function compileEffects(rule: Rule<InstanceAction>, options: EffectOptions): Effect[] {
  return rule.then.flatMap((action, index) =>
    isDeciding(action) ? [] : [compileEffect(action, index, { ...options, rule })]
  );
}

function compileEffect(
  action: Exclude<InstanceAction, DecidingAction>,
  index: number,
  options: EffectOptions & { rule: Rule<InstanceAction> },
): Effect {
  const { context: { log }, hook } = options;
  switch (action.do) {
    case "count": {
      const name = compileText(action.name);
      return (context) => options.count(name(context));
    }
    case "log": {
      const text = compileText(action.text);
      return (context) => {
        const { command, direction, connection: { id, remoteAddr } } = context;
        log[action.level]("{text} ({at} of connection {id} from {remote})", {
          ...{
            text: text(context),
            hook: `hooks[${hook}]`,
            at: describeMessage(context),
            command,
            direction,
          },
          ...{ id, remote: formatAddr(remoteAddr) },
        });
      };
    }
    case "webhook":
    case "exec":
    case "publish":
      return request(action, index, options);
    default:
      action satisfies never;
      return () => {};
  }
}

/** Asks the server to run an action, unless too many are under way. */
function request(
  action: Extract<InstanceAction, { do: ServerAction["do"] }>,
  index: number,
  { rule, hook, runAction, report, queue }: EffectOptions & { rule: Rule<InstanceAction> },
): Effect {
  const { maxJobs, maxBytes } = { ...DEFAULT_QUEUE, ...queue };
  let jobs = 0;
  let bytes = 0;
  return (context) => {
    const event = eventOf(context, kindOf(rule));
    // Before the message is written, which takes time.
    if (jobs >= maxJobs || bytes >= maxBytes) {
      return report(queueFull(action, { hook, event }, jobs), context.connection);
    }
    const message = messageJson(context.message);
    jobs++;
    bytes += message.length;
    runAction({ hook, action: index, event, message }).then(() => {
      jobs--;
      bytes -= message.length;
    });
  };
}

function kindOf(rule: Rule<InstanceAction>): "command" | "sequence" {
  return rule.sequence === undefined ? "command" : "sequence";
}
