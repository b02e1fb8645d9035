/**
 * The hooks of one connection.
 *
 * A message's hooks are chosen by the command that came, before any hook runs; a replacement changes neither the hooks
 * that run nor the sequences. Hooks run by priority, then in their order. The first whose verdict does not let the message
 * go on decides, see {@linkcode applyVerdict}. What can fail in a hook:
 *
 * | a hook that | is handled by |
 * | --- | --- |
 * | throws, rejects, or answers a verdict that does not exist | `onHookError` |
 * | does not settle within `hookTimeout` | `onHookTimeout`; what it does later is ignored |
 *
 * @module
 */

import { conclude, goesOn, type HookedMessage } from "./apply_verdict.ts";
import type { Connection } from "../contract/connection.ts";
import type { HookAnswer, HookContext } from "./hook_context.ts";
import { describeMessage, HookError } from "./hook_error.ts";
import type { HookOptions, HookSession } from "./hook_set.ts";
import type { Fired, MatcherState, SequenceMatcher } from "./matcher.ts";
import type { BoundHook, Plan } from "./plan.ts";
import type { Matched } from "./sequence_progress.ts";
import { late, settleWithin } from "../base/settle.ts";
import { DEFAULT_HOOK_TIMEOUT_MS } from "./timeouts.ts";
import { close, type Direction, drop, readVerdict, type Verdict } from "./verdict.ts";

/** What the connections of a service share. */
export interface SharedHooks {
  readonly options: HookOptions;
  readonly matcher: SequenceMatcher;
  /** Milliseconds on a scale that does not go back. */
  now(): number;
  /** The hooks for a command; null if there are none. */
  plan(direction: Direction, command: string): Plan | null;
}

/** One message on its way through its hooks. */
interface Passage extends HookedMessage {
  plan: Plan;
  direction: Direction;
  command: string;
  fired: Fired[] | undefined;
}

const NONE: readonly Matched[] = Object.freeze([]);

/** Runs hooks, and keeps their notes and the state of sequences. */
export class ConnectionHooks implements HookSession {
  readonly set: SharedHooks;
  readonly connection: Connection;
  #notes: Record<string, unknown> | undefined;
  #state: MatcherState | undefined;

  /** Begins without notes and with no command seen. */
  constructor(set: SharedHooks, connection: Connection) {
    this.set = set;
    this.connection = connection;
  }

  get notes(): Record<string, unknown> {
    return this.#notes ??= {};
  }

  run(
    direction: Direction,
    message: unknown,
    command: string,
  ): undefined | Verdict | Promise<Verdict | undefined> {
    const plan = this.set.plan(direction, command);
    if (plan === null) return undefined;
    let fired: Fired[] | undefined;
    if (plan.event !== undefined) {
      this.#state ??= this.set.matcher.start();
      fired = this.#state.step(plan.event, message, this.set.now());
    }
    if (plan.sequencesOnly && fired === undefined) return undefined;
    return this.#proceed({ plan, direction, command, message, replaced: false, delayMs: 0, fired }, 0);
  }

  end(): void {
    this.#state = undefined;
    this.#notes = undefined;
  }

  /** Runs the hooks of a message from this index on. */
  #proceed(passage: Passage, from: number): undefined | Verdict | Promise<Verdict | undefined> {
    const { hooks } = passage.plan;
    for (let index = from; index < hooks.length; index++) {
      const hook = hooks[index];
      const matched = hook.pattern < 0 ? NONE : matchedBy(hook.pattern, passage.fired);
      if (matched === undefined) continue;
      let verdict: Verdict | undefined;
      try {
        if (hook.predicate !== undefined && !hook.predicate(passage.command, passage.message)) continue;
        const answer = hook.entry.run(new MessageContext(this, passage, matched));
        if (isPromise(answer)) return this.#await(passage, answer, index);
        verdict = readVerdict(answer);
      } catch (error) {
        verdict = this.#failed(hook, passage, error);
      }
      if (!goesOn(passage, verdict)) return conclude(passage, verdict);
    }
    return conclude(passage, undefined);
  }

  async #await(
    passage: Passage,
    answer: PromiseLike<HookAnswer>,
    index: number,
  ): Promise<Verdict | undefined> {
    const hook = passage.plan.hooks[index];
    let verdict: Verdict | undefined;
    try {
      const { timeoutMs = DEFAULT_HOOK_TIMEOUT_MS } = this.set.options;
      const settled = await settleWithin(answer, timeoutMs);
      verdict = settled === late ? this.#timedOut(hook, passage, timeoutMs) : readVerdict(settled);
    } catch (error) {
      verdict = this.#failed(hook, passage, error);
    }
    if (!goesOn(passage, verdict)) return conclude(passage, verdict);
    return await this.#proceed(passage, index + 1);
  }

  #failed({ label }: BoundHook, passage: Passage, cause: unknown): Verdict | undefined {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const at = describeMessage(passage);
    this.set.options.report(
      new HookError("hook_error", `The hook ${label} failed at ${at}: ${why}`, { hook: label, at, cause }),
      this.connection,
    );
    return this.set.options.onHookError === "pass" ? undefined : close();
  }

  #timedOut({ label }: BoundHook, passage: Passage, timeoutMs: number): Verdict | undefined {
    const at = describeMessage(passage);
    this.set.options.report(
      new HookError("hook_timeout", `The hook ${label} did not settle within ${timeoutMs} ms at ${at}`, {
        hook: label,
        at,
      }),
      this.connection,
    );
    const { onHookTimeout = "close" } = this.set.options;
    return onHookTimeout === "pass" ? undefined : onHookTimeout === "drop" ? drop() : close();
  }
}

class MessageContext implements HookContext {
  readonly message: unknown;
  readonly command: string;
  readonly direction: Direction;
  readonly matched: readonly Matched[];
  readonly #owner: ConnectionHooks;

  constructor(owner: ConnectionHooks, { message, command, direction }: Passage, matched: readonly Matched[]) {
    this.#owner = owner;
    this.message = message;
    this.command = command;
    this.direction = direction;
    this.matched = matched;
  }

  get connection(): HookContext["connection"] {
    return this.#owner.connection;
  }

  get notes(): Record<string, unknown> {
    return this.#owner.notes;
  }

  get log(): HookContext["log"] {
    return this.#owner.set.options.context.log;
  }

  publish(topic: string, message: unknown): void {
    this.#owner.set.options.context.publish(topic, message);
  }
}

function matchedBy(pattern: number, fired: Fired[] | undefined): readonly Matched[] | undefined {
  return fired?.find((one) => one.pattern === pattern)?.matched;
}

function isPromise(value: unknown): value is PromiseLike<HookAnswer> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}
