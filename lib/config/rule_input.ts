/**
 * Hooks without code, as users write them in a configuration.
 *
 * @module
 */

import type { FieldCondition } from "../hooks/rule.ts";
import type { HookDirection } from "../hooks/steps.ts";
import type { Quantity } from "../contract/limits.ts";
import type { LogLevel } from "../contract/log_level.ts";

/** A rule as users write it: bound either to commands or to a sequence of them. */
export interface RuleInput {
  /** Commands, or patterns with `*` in them. */
  on?: string | number | (string | number)[];
  /** Commands that come one after the other on a connection. */
  sequence?: StepInput[];
  /**
   * Which way the messages go: `in` from client to server, `out` back.
   *
   * @default {"in"}
   */
  direction?: HookDirection;
  /** The most time from the first command of a sequence to the last. */
  within?: Quantity;
  /**
   * Whether nothing may come between the commands of a sequence, in the directions that it names.
   *
   * @default {false}
   */
  strict?: boolean;
  /**
   * Higher runs first.
   *
   * @default {0}
   */
  priority?: number;
  /** All of these must hold. */
  when?: ConditionInput | ConditionInput[];
  /** What is done, in this order; the last of `reply`, `replace`, `drop` and `close` decides. */
  then: ActionInput | ActionInput[];
}

/** A step of a sequence: a command, or a mapping with one of the keys but `direction`, `min` and `max`. */
export type StepInput = string | number | {
  /** A command. */
  command?: string | number;
  /** Any command. */
  any?: true;
  /** A command that is none of these. */
  not?: string | number | (string | number)[];
  /** One of these commands. */
  oneOf?: string | number | (string | number)[];
  /** A step that comes `min` to `max` times. */
  repeat?: StepInput;
  /** A step that may be left out. */
  optional?: StepInput;
  /**
   * How often a repeated step comes at least.
   *
   * @default {1}
   */
  min?: number;
  /**
   * How often a repeated step comes at most.
   *
   * @default {min}
   */
  max?: number;
  /** Which way its messages go, where the rule's own does not do. */
  direction?: HookDirection;
};

/** A condition: of a field of the message, of the client's address, or the contrary of one. */
export type ConditionInput =
  | FieldCondition
  /** Ranges in CIDR notation. */
  | { address: string | string[] }
  | { not: ConditionInput };

/** An action: a word, or a mapping with one key. */
export type ActionInput = "drop" | "close" | ActionMapping;

/** An action with its value. A message that is a text is in the protocol's own notation. */
export interface ActionMapping {
  /** Answer this to the sender; the message goes no further. */
  reply?: unknown;
  /** Let this message go on in place of the one that came. */
  replace?: unknown;
  /** Let the message go no further. */
  drop?: true;
  /** Hold the message back for so long. */
  delay?: Quantity;
  /** Close the connection, once the client has got this message. */
  close?: unknown;
  /** Write this to the log; at `info` unless it says otherwise. */
  log?: string | { level?: LogLevel; message: string };
  /** Count under this name. */
  count?: string;
  /** Post what happened to this URL. */
  webhook?: string | { url: string; headers?: Record<string, string>; timeout?: Quantity; retries?: number };
  /** Run this program with these arguments, without a shell. */
  exec?: string[];
  /** Send what happened to every subscriber of this topic. */
  publish?: string;
}
