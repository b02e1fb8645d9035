/**
 * A rule: what users write in YAML, resolved. JSON-safe.
 *
 * @module
 */

import type { LogLevel } from "../contract/log_level.ts";
import type { HookDirection, SequenceStep } from "./steps.ts";
import type { OnHookError, OnHookTimeout } from "./timeouts.ts";

/** Where hooks come from: a module, or a rule. */
export type HookSource<A = Action> =
  /** A module's URL. */
  | { module: string }
  | { rule: Rule<A> };

/** The hooks of a service as an instance gets them. */
export interface HooksSpec {
  /** In their order; none if the service has no hooks. */
  sources: HookSource<InstanceAction>[];
  /** How long a hook's promise may take; 0 for any time. */
  timeoutMs: number;
  onHookTimeout: OnHookTimeout;
  onHookError: OnHookError;
}

/** A rule: bound to commands or to a sequence, it does something if its conditions hold. */
export interface Rule<A = Action> {
  /** Commands or patterns; either these or a sequence. */
  on?: string[];
  /** Its steps. */
  sequence?: SequenceStep[];
  /** Which way the messages go. */
  direction: HookDirection;
  /** Of a sequence, in milliseconds. */
  withinMs?: number;
  /** Of a sequence: whether nothing may come in between. */
  strict?: boolean;
  /** Higher runs first. */
  priority: number;
  /** All of these must hold. */
  when: Condition[];
  /** What it does, in this order. */
  then: A[];
}

/** What must hold of a message or its connection. */
export type Condition =
  | FieldCondition
  /** The client's address is in one of these ranges, in CIDR notation. */
  | { address: string[] }
  | { not: Condition };

/** What must hold of a field: all of the tests given. */
export interface FieldCondition {
  /** Its path, as `user.name` or `args[0]`; empty for the message itself. */
  field: string;
  /** The same value. */
  equals?: unknown;
  /** A regular expression, plain or as `/.../i`, that is found in the text. */
  matches?: string;
  /** One of these values. */
  in?: unknown[];
  /** A number above this one. */
  greater?: number;
  /** A number below this one. */
  less?: number;
}

/** What a rule does. A message that is a string is read by the protocol's `parse`. */
export type Action =
  | { do: "reply"; message: unknown }
  | { do: "replace"; message: unknown }
  | { do: "drop" }
  | { do: "delay"; ms: number }
  | { do: "close"; last?: unknown }
  | { do: "log"; level: LogLevel; text: string }
  | { do: "count"; name: string }
  | WebhookAction
  | ExecAction
  | PublishAction;

/**
 * An action as an instance gets it. The server runs webhooks and programs, so that the service's own code is permitted
 * neither: of these an instance gets only what their messages name.
 */
export type InstanceAction =
  | Exclude<Action, WebhookAction | ExecAction>
  | Pick<WebhookAction, "do" | "url">
  | Pick<ExecAction, "do" | "command">;

/** An action that the server runs for an instance. */
export type ServerAction = WebhookAction | ExecAction | PublishAction;

/** Sends what happened to every subscriber of a topic. */
export interface PublishAction {
  /** Which action it is. */
  do: "publish";
  /** The topic. */
  topic: string;
}

/** Posts what happened to a URL. */
export interface WebhookAction {
  /** Which action it is. */
  do: "webhook";
  /** Where to. */
  url: string;
  /** Of the request. */
  headers: Record<string, string>;
  /** Of one attempt. */
  timeoutMs: number;
  /** How many more attempts follow a failed one. */
  retries: number;
}

/** Runs a program with the message on its standard input. */
export interface ExecAction {
  /** Which action it is. */
  do: "exec";
  /** The program and its arguments; no shell sees them. */
  command: string[];
  /** When it is killed. */
  timeoutMs: number;
}

/** How long a webhook's attempt may take, unless the rule says otherwise. */
export const DEFAULT_WEBHOOK_TIMEOUT_MS = 5_000;
/** How many attempts follow a webhook's failed one, unless the rule says otherwise. */
export const DEFAULT_WEBHOOK_RETRIES = 3;
/** How long a program may take. */
export const EXEC_TIMEOUT_MS = 10_000;

/** Describes for people what a rule does: `webhook, close`. */
export function describeRule({ then }: Rule<InstanceAction>): string {
  return then.map((action) => {
    switch (action.do) {
      case "count":
        return `count ${action.name}`;
      case "publish":
        return `publish ${action.topic}`;
      case "exec":
        return `exec ${action.command[0]}`;
      default:
        return action.do;
    }
  }).join(", ");
}
