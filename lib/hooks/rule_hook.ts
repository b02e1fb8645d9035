/**
 * From a rule to a hook.
 *
 * A rule does its side effects in their order and answers the verdict of its last deciding action. A `delay` comes
 * before the verdict of the actions behind it, and a `close` behind a `reply` to the client says it before it closes.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { compileCondition } from "./condition.ts";
import type { HookContext, HookFunction } from "./hook_context.ts";
import type { HookEntry } from "./hook_entry.ts";
import { describeMessage, HookDefinitionError, HookError } from "./hook_error.ts";
import type { HookOptions } from "./hook_set.ts";
import { eventJson, eventOf, messageJson } from "./action_event.ts";
import { compilePattern } from "./pattern.ts";
import { runProgram } from "./run_program.ts";
import { type Job, JobQueue, type QueueOptions } from "./action_queue.ts";
import { type Action, describeRule, type ExecAction, type Rule, type WebhookAction } from "./rule.ts";
import { close, delay, type Direction, drop, replace, reply, type Verdict } from "./verdict.ts";
import { postEvent } from "./webhook.ts";

type Effect = (context: HookContext) => void;
/** Makes a verdict anew each time: a message that goes on is its receiver's own. */
type Answer = () => Verdict | undefined;
type Deciding = Extract<Action, { do: "reply" | "replace" | "drop" | "delay" | "close" }>;

/** What a rule is compiled with. */
export interface RuleOptions extends HookOptions {
  /** Where it stands, for errors: `hooks[2]`. */
  place: string;
  /** What its webhooks and programs bear; each has a queue of its own. */
  queue?: QueueOptions;
}

/**
 * Makes a hook of a rule.
 *
 * @throws {HookDefinitionError} If a message in it cannot be read, or it has another mistake.
 */
export function compileRule(rule: Rule, options: RuleOptions): HookEntry {
  const { place } = options;
  const conditions = rule.when.map((condition, index) =>
    within(`${place}.when[${index}]`, () => compileCondition(condition))
  );
  const effects: Effect[] = [];
  const queues: JobQueue[] = [];
  for (const action of rule.then) {
    if (isDeciding(action)) continue;
    effects.push(compileEffect(action, rule, { ...options, queues }));
  }
  const answers: Record<Direction, Answer> = {
    in: compileAnswer(rule, "in", options),
    out: compileAnswer(rule, "out", options),
  };
  const run: HookFunction = (context) => {
    if (!conditions.every((holds) => holds(context))) return undefined;
    for (const effect of effects) effect(context);
    return answers[context.direction]();
  };
  const base = {
    priority: rule.priority,
    run,
    label: `${place}: ${describeRule(rule)}`,
    mayReply: rule.then.some((action) => action.do === "reply"),
    stop: async () => {
      await Promise.all(queues.map((queue) => queue.stop()));
    },
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

function isDeciding(action: Action): action is Deciding {
  return ["reply", "replace", "drop", "delay", "close"].includes(action.do);
}

function compileAnswer(rule: Rule, direction: Direction, options: RuleOptions): Answer {
  let answer: Answer = () => undefined;
  let delayMs = 0;
  let said: unknown;
  if (!concerns(rule, direction)) return answer;
  for (const [index, action] of rule.then.entries()) {
    if (!isDeciding(action)) continue;
    const place = `${options.place}.then[${index}].${action.do}`;
    const read = (message: unknown, to: Direction) => reader(message, to, { ...options, place });
    switch (action.do) {
      case "delay":
        delayMs += action.ms;
        break;
      case "drop":
        answer = drop;
        break;
      case "reply": {
        const message = read(action.message, direction === "in" ? "out" : "in")();
        if (direction === "in") said = message;
        answer = () => reply(message);
        break;
      }
      case "replace": {
        const message = read(action.message, direction);
        answer = () => replace(message());
        break;
      }
      case "close": {
        const last = action.last === undefined ? said : read(action.last, "out")();
        answer = () => close(last);
        break;
      }
      default:
        action satisfies never;
    }
  }
  return delayMs === 0 ? answer : () => delay(delayMs, answer());
}

function concerns(rule: Rule, direction: Direction): boolean {
  // The steps of a sequence have directions of their own.
  return rule.sequence !== undefined || rule.direction === "both" || rule.direction === direction;
}

/** Makes a message of what a rule says, once to see that it can be, and anew at each call. */
function reader(
  message: unknown,
  towards: Direction,
  { place, protocol }: { place: string; protocol: AnyProtocol },
): () => unknown {
  if (typeof message !== "string") return () => structuredClone(message);
  const codec = codecOf(protocol, towards);
  if (codec.parse === undefined) {
    const which = towards === "out" && protocol.reply ? `the reply of ${protocol.name}` : protocol.name;
    throw new HookDefinitionError(
      `${place}: found the text ${
        JSON.stringify(message)
      }, wanted a message as a mapping or a list, since ${which} has no parse to read a text with`,
    );
  }
  const make = () => codec.parse!(message);
  within(place, make);
  return make;
}

function compileEffect(
  action: Exclude<Action, Deciding>,
  rule: Rule,
  options: RuleOptions & { queues: JobQueue[] },
): Effect {
  const { context: { log }, place } = options;
  switch (action.do) {
    case "count":
      return () => options.count(action.name);
    case "publish":
      return (context) => {
        const event = eventOf(context, origin(rule, context, options));
        context.publish(action.topic, { ...event, message: JSON.parse(messageJson(context.message)) });
      };
    case "log":
      return (context) => {
        const { command, direction, connection: { id, remoteAddr } } = context;
        log[action.level]("{text} ({at} of connection {id} from {remote})", {
          ...{ text: action.text, hook: place, at: describeMessage(context), command, direction },
          ...{ id, remote: formatAddr(remoteAddr) },
        });
      };
    case "webhook":
    case "exec":
      return enqueue(action, rule, options);
    default:
      action satisfies never;
      return () => {};
  }
}

function enqueue(
  action: WebhookAction | ExecAction,
  rule: Rule,
  options: RuleOptions & { queues: JobQueue[] },
): Effect {
  const hook = options.place;
  const what = action.do === "webhook" ? `webhook ${action.url}` : `program ${action.command[0]}`;
  const queue = new JobQueue(options.queue);
  options.queues.push(queue);
  function refused(context: HookContext): void {
    const at = describeMessage(context);
    const why = `The ${what} of ${hook} was not tried at ${at}: ${queue.size} are waiting`;
    options.report(new HookError("hook_queue_full", why, { hook, at }), context.connection);
  }
  return (context) => {
    // Before the message is written, which takes time.
    if (queue.full) return refused(context);
    const job = jobOf(action, eventOf(context, origin(rule, context, options)), messageJson(context.message));
    const { connection } = context;
    const at = describeMessage(context);
    const failed = (cause: unknown) => {
      const code = action.do === "webhook" ? "webhook_failed" : "exec_failed";
      const why = cause instanceof Error ? cause.message : String(cause);
      options.report(
        new HookError(code, `The ${what} of ${hook} was given up at ${at}: ${why}`, { hook, at, cause }),
        connection,
      );
    };
    if (!queue.add({ ...job, failed })) refused(context);
  };
}

function jobOf(
  action: WebhookAction | ExecAction,
  event: ReturnType<typeof eventOf>,
  message: string,
): Omit<Job, "failed"> {
  const { timeoutMs } = action;
  if (action.do === "exec") {
    const { command } = action;
    const bytes = message.length;
    return { bytes, timeoutMs, retries: 0, run: (signal) => runProgram(command, { event, message, signal }) };
  }
  const body = eventJson(event, message);
  return {
    bytes: body.length,
    timeoutMs,
    retries: action.retries,
    run: (signal) => postEvent(action, body, signal),
  };
}

function origin(
  rule: Rule,
  { connection }: HookContext,
  { service }: HookOptions,
): { service: string; event: "command" | "sequence"; remote: string } {
  const event = rule.sequence === undefined ? "command" : "sequence";
  return { service, event, remote: formatAddr(connection.remoteAddr) };
}

/** Says where in the configuration something does not work. */
function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new HookDefinitionError(`${place}: ${(cause as Error).message}`, { cause });
  }
}
