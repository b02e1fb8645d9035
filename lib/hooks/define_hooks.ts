/**
 * The functions by which users define hooks.
 *
 * @module
 */

import { describeValue } from "../base/describe_value.ts";
import { unknownOption } from "../base/unknown_option.ts";
import { parseDuration } from "../base/units.ts";
import type { HookFunction } from "./hook_context.ts";
import type { CommandHook, CommandSelector, HookBase, HookModule, SequenceHook } from "./hook_entry.ts";
import { HookDefinitionError } from "./hook_error.ts";
import { compilePattern } from "./pattern.ts";
import { type HookDirection, readStep, type Step } from "./steps.ts";

/** How a hook is bound. */
export interface OnOptions {
  /**
   * Which way its messages go.
   *
   * @default {"in"}
   */
  direction?: HookDirection;
  /**
   * Higher runs first; hooks of one priority run in their order.
   *
   * @default {0}
   */
  priority?: number;
  /**
   * Whether the hook only observes. It then runs whatever earlier hooks decide, sees the message as it is at its place in
   * the order, and decides nothing: a verdict from it is an error, its promise holds nothing back, and if it fails the
   * message goes on.
   *
   * @default {false}
   */
  observe?: boolean;
  /**
   * Whether a hook on replies is given the request that each answers. Both directions are decoded for that, and the
   * requests that are open are kept.
   *
   * @default {false}
   */
  request?: boolean;
}

/** How a sequence is bound. */
export interface SequenceOptions extends OnOptions {
  /**
   * The most time from its first command to its last: milliseconds, or `"30s"`.
   *
   * @default {any time}
   */
  within?: number | string;
  /**
   * Whether no other command may come in between, in the directions that its steps name.
   *
   * @default {false}
   */
  strict?: boolean;
}

const ON_OPTIONS = ["direction", "priority", "observe", "request"];
const SEQUENCE_OPTIONS = [...ON_OPTIONS, "within", "strict"];

/** Returns its argument: hooks, or a function of the service's context that makes them. */
export function defineHooks(hooks: HookModule): HookModule {
  return hooks;
}

/**
 * Binds a function to commands.
 *
 * A name must be what the protocol's `command` returns, in the same letter case; `*` stands for any characters.
 *
 * @throws {HookDefinitionError} If an argument is of the wrong kind.
 */
export function on<M>(
  commands: CommandSelector<M>,
  run: HookFunction<M>,
  options: OnOptions = {},
): CommandHook {
  const names = typeof commands === "string" ? [commands] : commands;
  const isList = Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string");
  if (!isList && typeof commands !== "function") {
    throw new HookDefinitionError(
      `Cannot bind a hook to ${describeValue(commands)}, wanted a command, a list of them or a function`,
    );
  }
  return {
    kind: "command",
    commands: names,
    ...common(run, options, ON_OPTIONS),
    direction: options.direction ?? "in",
  };
}

/**
 * Binds a function to a sequence of commands on one connection. It runs at the last one; then the sequence starts over.
 *
 * Unless it is `strict`, other commands may come in between, and so may commands that fit a step: the match that began
 * last counts. For each sequence a connection keeps at most one number and 16 messages per step.
 *
 * @throws {HookDefinitionError} If an argument is of the wrong kind, or if every step may be left out.
 */
export function sequence<M>(
  steps: readonly Step[],
  run: HookFunction<M>,
  options: SequenceOptions = {},
): SequenceHook {
  if (!Array.isArray(steps)) {
    throw new HookDefinitionError(`Cannot use ${describeValue(steps)} as a sequence, wanted a list of steps`);
  }
  const read = steps.map(readStep);
  const { within, strict, direction } = options;
  const withinMs = within === undefined ? undefined : parseDuration(within);
  if (within !== undefined && !(withinMs! > 0)) {
    throw new HookDefinitionError(
      `Cannot use a sequence within ${JSON.stringify(within)}, wanted a duration such as 500ms, 30s or 5m`,
    );
  }
  const pattern = compilePattern(read, { direction, withinMs, strict });
  return { kind: "sequence", steps: read, pattern, ...common(run, options, SEQUENCE_OPTIONS) };
}

function common(run: unknown, options: OnOptions, known: readonly string[]): HookBase {
  const { priority = 0, direction = "in", observe = false, request = false } = options;
  if (typeof run !== "function") {
    throw new HookDefinitionError(`Cannot use ${describeValue(run)} as a hook, wanted a function`);
  }
  if (!["in", "out", "both"].includes(direction)) {
    throw new HookDefinitionError(
      `Cannot bind a hook to the direction ${JSON.stringify(direction)}, wanted in, out or both`,
    );
  }
  if (typeof priority !== "number" || Number.isNaN(priority)) {
    throw new HookDefinitionError(
      `Cannot give a hook the priority ${JSON.stringify(priority)}, wanted a number`,
    );
  }
  for (const [key, value] of Object.entries({ observe, request })) {
    if (typeof value === "boolean") continue;
    throw new HookDefinitionError(
      `Cannot bind a hook with ${key} ${JSON.stringify(value)}, wanted true or false`,
    );
  }
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) {
    throw new HookDefinitionError(
      `Cannot bind a hook with the option ${unknown.name}: there is none of that name, ${unknown.hint}`,
    );
  }
  const label = run.name === "" ? undefined : run.name;
  return {
    priority,
    run: run as HookFunction,
    ...(request ? { seesRequest: true } : {}),
    ...(observe ? { observe, mayReply: false } : {}),
    ...(label === undefined ? {} : { label }),
  };
}
