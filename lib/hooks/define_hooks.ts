/**
 * Hooks as users write them.
 *
 * @module
 */

import type { Connection } from "../contract/connection.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { describeValue } from "../base/describe_value.ts";
import { parseDuration } from "../base/units.ts";
import { HookDefinitionError } from "./hook_error.ts";
import type { Matched } from "./matcher.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { describeSteps, type HookDirection, readStep, type SequenceStep, type Step } from "./steps.ts";
import type { Direction, Verdict } from "./verdict.ts";

/** What a hook sees. */
// deno-lint-ignore no-explicit-any
export interface HookContext<M = any> {
  /** The message, or what a hook before this one put in its place. */
  readonly message: M;
  /** The command that came, whatever hooks have made of the message. */
  readonly command: string;
  /** Which way the message goes. */
  readonly direction: Direction;
  /** Of a sequence: its first 16 messages, as they came; the last one is `message` too. Empty for other hooks. */
  readonly matched: readonly Matched<M>[];
  /** The client's connection. */
  // deno-lint-ignore no-explicit-any
  readonly connection: Connection<any, any, any>;
  /** What hooks note of this connection; all hooks share it. */
  // deno-lint-ignore no-explicit-any
  readonly notes: Record<string, any>;
  /** Writes to the server's log under the service's name. */
  readonly log: ServiceContext["log"];
  /** As {@linkcode ServiceContext.publish}. */
  publish(topic: string, message: unknown): void;
}

/** What a hook answers: a verdict, or nothing, which is a pass. */
export type HookAnswer = Verdict | void | undefined;

/** What a hook does. While its promise is open, the connection's next message in this direction waits. */
// deno-lint-ignore no-explicit-any
export type HookFunction<M = any> = (context: HookContext<M>) => HookAnswer | Promise<HookAnswer>;

/** Which commands a hook is for: a name, a pattern with `*`, a list of them, or what a function says of each message. */
// deno-lint-ignore no-explicit-any
export type CommandSelector<M = any> =
  | string
  | readonly string[]
  | ((command: string, message: M) => boolean);

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

const ON_OPTIONS = ["direction", "priority"];
const SEQUENCE_OPTIONS = [...ON_OPTIONS, "within", "strict"];

/** What hooks of both kinds have. */
export interface HookBase {
  /** Higher runs first. */
  priority: number;
  /** What it does. */
  run: HookFunction;
  /** What it is called in errors and by `check`. */
  label?: string;
  /** Whether it can answer `reply`. @default {true} */
  mayReply?: boolean;
  /** What its user should know before it runs; `check` shows it. */
  warning?: string;
  /** Ends what it does beside, within a bounded time. */
  stop?(): Promise<void>;
}

/** A hook on commands. */
export interface CommandHook extends HookBase {
  /** Bound to commands. */
  kind: "command";
  /** Which way its messages go. */
  direction: HookDirection;
  /** Names and patterns, or a function. */
  commands: CommandSelector;
}

/** A hook on a sequence of commands. */
export interface SequenceHook extends HookBase {
  /** Bound to a sequence. */
  kind: "sequence";
  /** As they were written, to be shown. */
  steps: SequenceStep[];
  /** As the matcher wants them. */
  pattern: Pattern;
}

/** A hook, as `on` and `sequence` make it. */
export type HookEntry = CommandHook | SequenceHook;

/** What a module of hooks exports as its default. */
export type HookModule =
  | readonly HookEntry[]
  | ((context: ServiceContext) => readonly HookEntry[] | Promise<readonly HookEntry[]>);

/** Answers its argument: hooks, or a function of the service's context that makes them. */
export function defineHooks(hooks: HookModule): HookModule {
  return hooks;
}

/**
 * Binds a function to commands.
 *
 * Names are compared as the protocol's `command` answers them, letter case included; `*` stands for any characters.
 *
 * @throws {HookDefinitionError} If an argument is none of what it may be.
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
 * Binds a function to a run of commands on one connection. It runs at the last one; then the sequence begins anew.
 *
 * Other commands may come in between unless it is `strict`; so may some that a step would fit: the match that is begun
 * last counts. A connection keeps for each sequence at most its length in numbers, and 16 messages for each.
 *
 * @throws {HookDefinitionError} If an argument is none of what it may be, or if no command need come.
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

/** Writes for people what a hook is bound to. */
export function describeBinding(entry: HookEntry): string {
  if (entry.kind === "command") {
    return typeof entry.commands === "function" ? "predicate" : [entry.commands].flat().join(", ");
  }
  const { withinMs, strict } = entry.pattern;
  const within = withinMs === Infinity
    ? ""
    : ` within ${withinMs % 1000 === 0 ? `${withinMs / 1000}s` : `${withinMs}ms`}`;
  return `sequence ${describeSteps(entry.steps)}${within}${strict ? ", strict" : ""}`;
}

function common(run: unknown, options: OnOptions, known: readonly string[]): HookBase {
  const { priority = 0, direction = "in" } = options;
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
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new HookDefinitionError(
      `Cannot bind a hook with the option ${JSON.stringify(unknown)}, wanted one of ${known.join(", ")}`,
    );
  }
  const label = run.name === "" ? undefined : run.name;
  return { priority, run: run as HookFunction, ...(label === undefined ? {} : { label }) };
}
