/**
 * From the deciding actions of a rule to its verdict.
 *
 * The last of `reply`, `replace`, `drop` and `close` decides. Delays add up and come first, whatever their place in the list.
 * A `close` behind a `reply` to the client closes with that reply.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { HookDefinitionError, within } from "./hook_error.ts";
import type { InstanceAction, Rule } from "./rule.ts";
import { close, delay, type Direction, drop, replace, reply, type Verdict } from "./verdict.ts";

/** An action that decides what becomes of a message. */
export type DecidingAction = Extract<
  InstanceAction,
  { do: "reply" | "replace" | "drop" | "delay" | "close" }
>;

/** Makes a new verdict each time: a message that goes on belongs to its receiver. */
export type MakeVerdict = () => Verdict | undefined;

/** Whether an action decides, and is no side effect. */
export function isDeciding(action: InstanceAction): action is DecidingAction {
  return ["reply", "replace", "drop", "delay", "close"].includes(action.do);
}

/**
 * Makes the verdict of a rule on messages of one direction.
 *
 * @param options.place The rule's place, for errors: `hooks[2]`.
 * @throws {HookDefinitionError} If a message in it cannot be read.
 */
export function compileVerdict(
  rule: Rule<InstanceAction>,
  direction: Direction,
  options: { place: string; protocol: AnyProtocol },
): MakeVerdict {
  let verdict: MakeVerdict = () => undefined;
  let delayMs = 0;
  let said: unknown;
  if (!concerns(rule, direction)) return verdict;
  for (const [index, action] of rule.then.entries()) {
    if (!isDeciding(action)) continue;
    const place = `${options.place}.then[${index}].${action.do}`;
    const read = (message: unknown, to: Direction) => reader(message, to, { ...options, place });
    switch (action.do) {
      case "delay":
        delayMs += action.ms;
        break;
      case "drop":
        verdict = drop;
        break;
      case "reply": {
        const message = read(action.message, direction === "in" ? "out" : "in")();
        if (direction === "in") said = message;
        verdict = () => reply(message);
        break;
      }
      case "replace": {
        const message = read(action.message, direction);
        verdict = () => replace(message());
        break;
      }
      case "close": {
        const last = action.last === undefined ? said : read(action.last, "out")();
        verdict = () => close(last);
        break;
      }
      default:
        action satisfies never;
    }
  }
  return delayMs === 0 ? verdict : () => delay(delayMs, verdict());
}

function concerns(rule: Rule<InstanceAction>, direction: Direction): boolean {
  // The steps of a sequence have directions of their own.
  return rule.sequence !== undefined || rule.direction === "both" || rule.direction === direction;
}

/** Makes the message that a rule contains: once now, to see that it can be read, then again at each call. */
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
