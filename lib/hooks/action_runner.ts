/**
 * Runs the webhooks and programs of rules, each from a queue of its own.
 *
 * What can fail: a webhook is not accepted or a program ends with a failure, after all retries (`webhook_failed`,
 * `exec_failed`); too many are waiting (`hook_queue_full`). Each is reported once.
 *
 * @module
 */

import { eventJson } from "./action_event.ts";
import { JobQueue, type QueueOptions } from "./action_queue.ts";
import type { ActionRequest } from "./action_request.ts";
import { describeMessage, HookError } from "./hook_error.ts";
import type { ExecAction, InstanceAction, WebhookAction } from "./rule.ts";
import { runProgram } from "./run_program.ts";
import { postEvent } from "./webhook.ts";

/** What a runner works with. */
export interface ActionRunnerOptions {
  /** The limits of each webhook's and each program's queue. */
  queue?: QueueOptions;
  /** Called with what failed. */
  report(error: HookError, of: FailedAction): void;
}

/** An action that failed: of which service, at which event. */
export type FailedAction = { service: string } & Pick<ActionRequest, "hook" | "event">;

type RunnableAction = WebhookAction | ExecAction;
type Work = (signal: AbortSignal) => Promise<void>;

/** Runs webhooks and programs. */
export class ActionRunner {
  readonly #options: ActionRunnerOptions;
  /** By service and action; one that is empty is forgotten. */
  readonly #queues: Map<string, JobQueue> = new Map();

  constructor(options: ActionRunnerOptions) {
    this.#options = options;
  }

  /** Runs one. Settles once it is over, however it went; never rejects. */
  run(service: string, action: RunnableAction, request: ActionRequest): Promise<void> {
    const key = JSON.stringify([service, action]);
    const queue = this.#queues.get(key) ?? new JobQueue(this.#options.queue);
    const { promise, resolve } = Promise.withResolvers<void>();
    const of = { service, hook: request.hook, event: request.event };
    const isTaken = queue.add({
      bytes: request.message.length,
      timeoutMs: action.timeoutMs,
      retries: action.do === "webhook" ? action.retries : 0,
      run: action.do === "webhook" ? posting(service, action, request) : running(service, action, request),
      failed: (cause) => this.#options.report(failure(action, of, cause), of),
      ended: () => {
        if (queue.size === 0) this.#queues.delete(key);
        resolve();
      },
    });
    if (isTaken) this.#queues.set(key, queue);
    else {
      this.#options.report(queueFull(action, of, queue.size), of);
      resolve();
    }
    return promise;
  }

  /** Takes no more, gives what runs a moment to finish, and ends the rest. */
  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()));
  }
}

// Each of the two keeps the message in one form only while it waits.

function posting(service: string, action: WebhookAction, { event, message }: ActionRequest): Work {
  const body = eventJson({ service, ...event }, message);
  return (signal) => postEvent(action, body, signal);
}

function running(service: string, { command }: ExecAction, { event, message }: ActionRequest): Work {
  return (signal) => runProgram(command, { service, event, message, signal });
}

/** The error of an action that is refused since too many wait. */
export function queueFull(
  action: InstanceAction,
  { hook, event }: Pick<ActionRequest, "hook" | "event">,
  waiting: number,
): HookError {
  const at = describeMessage(event);
  const message = `The ${describe(action)} of ${nameOf(hook)} was not tried at ${at}: ${waiting} are waiting`;
  return new HookError("hook_queue_full", message, { hook: nameOf(hook), at });
}

function failure(action: RunnableAction, { hook, event }: FailedAction, cause: unknown): HookError {
  const at = describeMessage(event);
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `The ${describe(action)} of ${nameOf(hook)} failed at ${at}: ${why}`;
  const code = action.do === "webhook" ? "webhook_failed" : "exec_failed";
  return new HookError(code, message, { hook: nameOf(hook), at, cause });
}

function describe(action: InstanceAction): string {
  switch (action.do) {
    case "webhook":
      return `webhook ${action.url}`;
    case "exec":
      return `program ${action.command[0]}`;
    case "publish":
      return `message on ${action.topic}`;
    default:
      return action.do;
  }
}

/** As `check` and every error name a rule. */
function nameOf(hook: number): string {
  return `hooks[${hook}]`;
}
