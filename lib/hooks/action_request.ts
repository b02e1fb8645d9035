/**
 * What an instance asks of the server for a rule: a webhook, a program or a publication. It says which one by its place
 * in the configuration, so that it cannot ask for anything else.
 *
 * @module
 */

import { type ActionEvent, MAX_JSON } from "./action_event.ts";
import type { HookSource, InstanceAction, ServerAction } from "./rule.ts";

/** An action that the server is to run. JSON-safe. */
export interface ActionRequest {
  /** The index of the rule among the hooks of its service. */
  hook: number;
  /** The index of the action in its rule. */
  action: number;
  event: ActionEvent;
  /** The message as JSON. */
  message: string;
}

/** Runs what is asked for in the background. Settles once that is over, however it went; never rejects. */
export type RunAction = (request: ActionRequest) => Promise<void>;

/** An identifier or an address is no longer. */
const MAX_LABEL = 1024;

/** Checks what comes from an instance, whose code may be the service's. Returns a copy, or undefined if it is wrong. */
export function readActionRequest(value: unknown): ActionRequest | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { hook, action, event, message } = value as Partial<ActionRequest>;
  if (!isIndex(hook) || !isIndex(action) || !isText(message, 2 * MAX_JSON)) return undefined;
  if (typeof event !== "object" || event === null) return undefined;
  const { command, direction, connection, at } = event;
  if (event.event !== "command" && event.event !== "sequence") return undefined;
  if (direction !== "in" && direction !== "out") return undefined;
  if (!isText(command, MAX_JSON) || !isText(at, MAX_LABEL) || !isJson(message)) return undefined;
  if (typeof connection !== "object" || connection === null) return undefined;
  const { id, remote } = connection;
  if (!isText(id, MAX_LABEL) || !isText(remote, MAX_LABEL)) return undefined;
  return {
    hook,
    action,
    event: { event: event.event, command, direction, connection: { id, remote }, at },
    message,
  };
}

/** The action that a request means; undefined if there is none at that place that the server runs. */
export function actionOf(
  sources: readonly HookSource[],
  { hook, action }: Pick<ActionRequest, "hook" | "action">,
): ServerAction | undefined {
  const source = sources[hook];
  const found = source !== undefined && "rule" in source ? source.rule.then[action] : undefined;
  return found !== undefined && isServerAction(found) ? found : undefined;
}

/** Whether the server runs an action, not the instance. */
export function isServerAction<A extends InstanceAction>(
  action: A,
): action is Extract<A, { do: ServerAction["do"] }> {
  return action.do === "webhook" || action.do === "exec" || action.do === "publish";
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
