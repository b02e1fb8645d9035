/**
 * The hooks of one connection.
 *
 * A message's hooks are chosen by the command that came, before any hook runs; a replacement changes neither the hooks
 * that run nor the sequences. Hooks run by priority, then in their order. The first whose verdict does not let the message
 * go on decides, see {@linkcode applyVerdict}; of those behind it only the hooks that observe run. What can fail in a hook:
 *
 * | a hook that | is handled by |
 * | --- | --- |
 * | throws, rejects, or returns a verdict that does not exist | `onHookError` |
 * | does not settle within `hookTimeout` | `onHookTimeout`; what it does later is ignored |
 * | observes, and fails or returns a verdict | a report; the message goes on |
 *
 * Where hooks look at requests and at the replies to them, the requests that are open are kept. A request that is part of a
 * sequence with replies waits until those before it are answered, so that clients gain nothing by not waiting for
 * answers.
 *
 * @module
 */

import { conclude, goesOn, type HookedMessage } from "./apply_verdict.ts";
import type { Connection } from "../contract/connection.ts";
import { isPart, isWhole } from "../contract/parts.ts";
import type { HookAnswer } from "./hook_context.ts";
import { describeMessage, HookError } from "./hook_error.ts";
import type { HookOptions, HookSession } from "./hook_set.ts";
import type { Fired, MatcherState, SequenceMatcher } from "./matcher.ts";
import { type HookRequest, OpenRequests } from "./open_requests.ts";
import type { BoundHook, Plan } from "./plan.ts";
import { type ContextOwner, MessageContext, ReplyContext } from "./message_context.ts";
import type { Matched } from "./sequence_progress.ts";
import { toError } from "../base/error_record.ts";
import { late, settleWithin } from "../base/settle.ts";
import { DEFAULT_HOOK_TIMEOUT_MS } from "./timeouts.ts";
import { close, type Direction, drop, readVerdict, type Verdict } from "./verdict.ts";

/** What the connections of a service share. */
export interface SharedHooks {
  readonly options: HookOptions;
  readonly matcher: SequenceMatcher;
  readonly keepsRequests: boolean;
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
  request: HookRequest | undefined;
}

type Outcome = undefined | Verdict | Promise<Verdict | undefined>;

const NONE: readonly Matched[] = Object.freeze([]);

/** Runs hooks, and keeps their notes and the state of sequences. */
export class ConnectionHooks implements HookSession, ContextOwner {
  readonly set: SharedHooks;
  readonly connection: Connection;
  #notes: Record<string, unknown> | undefined;
  #state: MatcherState | undefined;
  readonly #requests: OpenRequests | undefined;
  /** The request that was run last. */
  #latest: HookRequest | undefined;
  #ended = false;

  /** Begins without notes and with no command seen. */
  constructor(set: SharedHooks, connection: Connection) {
    this.set = set;
    this.connection = connection;
    this.#requests = set.keepsRequests ? new OpenRequests() : undefined;
  }

  get options(): HookOptions {
    return this.set.options;
  }

  get notes(): Record<string, unknown> {
    return this.#notes ??= Object.create(null) as Record<string, unknown>;
  }

  run(direction: Direction, message: unknown, command: string): Outcome {
    const plan = this.set.plan(direction, command);
    if (this.#requests !== undefined && direction === "in" && !isPart(message)) {
      this.#latest = { message, command };
      if (this.#waits(plan, this.#requests)) return this.#runLater(plan, direction, message, command);
    }
    return plan === null ? undefined : this.#run(plan, direction, message, command);
  }

  forwarded(message: unknown): void {
    if (this.#requests === undefined || this.#latest === undefined) return;
    const { protocol } = this.options;
    if (!(protocol.asks?.(message, this.connection) ?? !isPart(message))) return;
    this.#requests.add(this.#latest, this.connection.bytesRead);
  }

  answered(message: unknown): void {
    if (this.#requests === undefined || this.#requests.size === 0) return;
    if (this.options.protocol.answers!(message, this.connection)) this.#requests.answered();
  }

  end(): void {
    this.#ended = true;
    this.#state = undefined;
    this.#notes = undefined;
    this.#latest = undefined;
    this.#requests?.end();
  }

  /** Whether a request has to wait until others are answered. */
  #waits(plan: Plan | null, requests: OpenRequests): boolean {
    if (requests.size === 0) return false;
    if (requests.isFull(this.connection.bytesRead)) return true;
    if (!plan?.event?.mayWait) return false;
    this.#state ??= this.set.matcher.start();
    return this.#state.waits(plan.event);
  }

  /** Runs the hooks of a request once it need not wait any more, unless the connection is closed by then. */
  async #runLater(
    plan: Plan | null,
    direction: Direction,
    message: unknown,
    command: string,
  ): Promise<Verdict | undefined> {
    const requests = this.#requests!;
    await requests.until(() => !this.#waits(plan, requests));
    return this.#ended || plan === null ? undefined : await this.#run(plan, direction, message, command);
  }

  #run(plan: Plan, direction: Direction, message: unknown, command: string): Outcome {
    let fired: Fired[] | undefined;
    if (plan.event !== undefined) {
      this.#state ??= this.set.matcher.start();
      fired = this.#state.step(plan.event, message, this.set.now());
    }
    if (plan.sequencesOnly && fired === undefined) return undefined;
    const request = direction === "out" ? this.#answeredBy(message) : undefined;
    return this.#proceed(
      { plan, direction, command, message, fired, request, replaced: false, delayMs: 0 },
      0,
    );
  }

  /** The request that a reply answers, in whole or in part. */
  #answeredBy(message: unknown): HookRequest | undefined {
    const oldest = this.#requests?.oldest;
    if (oldest === undefined) return undefined;
    const answers = !isWhole(message) || this.options.protocol.answers!(message, this.connection);
    return answers ? oldest : undefined;
  }

  /** Runs the hooks of a message from this index on; once a verdict has decided, those that observe. */
  #proceed(passage: Passage, from: number, decided?: Verdict): Outcome {
    const { hooks } = passage.plan;
    for (let index = from; index < hooks.length; index++) {
      const hook = hooks[index];
      if (hook.observe) {
        this.#observe(hook, passage);
        continue;
      }
      if (decided !== undefined) continue;
      let verdict: Verdict | undefined;
      try {
        const answer = this.#call(hook, passage);
        if (isPromise(answer)) return this.#await(passage, answer, index);
        verdict = readVerdict(answer);
      } catch (error) {
        verdict = this.#failed(hook, passage, error);
      }
      if (verdict !== undefined && !goesOn(passage, verdict)) decided = verdict;
    }
    return conclude(passage, decided);
  }

  /** Calls a hook, if the message is for it. */
  #call(
    { run, pattern, predicate, seesRequest }: BoundHook,
    passage: Passage,
  ): HookAnswer | Promise<HookAnswer> {
    const matched = pattern < 0 ? NONE : matchedBy(pattern, passage.fired);
    if (matched === undefined) return undefined;
    if (predicate !== undefined && !predicate(passage.command, passage.message)) return undefined;
    return run(
      seesRequest ? new ReplyContext(this, passage, matched) : new MessageContext(this, passage, matched),
    );
  }

  async #await(
    passage: Passage,
    answer: PromiseLike<HookAnswer>,
    index: number,
  ): Promise<Verdict | undefined> {
    const hook = passage.plan.hooks[index];
    let verdict: Verdict | undefined;
    try {
      const { timeoutMs = DEFAULT_HOOK_TIMEOUT_MS } = this.options;
      const settled = await settleWithin(answer, timeoutMs);
      verdict = settled === late ? this.#timedOut(hook, passage, timeoutMs) : readVerdict(settled);
    } catch (error) {
      verdict = this.#failed(hook, passage, error);
    }
    return await this.#proceed(passage, index + 1, goesOn(passage, verdict) ? undefined : verdict);
  }

  /** Runs a hook that decides nothing. Its promise is not awaited. */
  #observe(hook: BoundHook, passage: Passage): void {
    const failed = (error: unknown) => void this.#failed(hook, passage, error);
    try {
      const answer = this.#call(hook, passage);
      if (isPromise(answer)) Promise.resolve(answer).then(refuseVerdict).catch(failed);
      else refuseVerdict(answer);
    } catch (error) {
      failed(error);
    }
  }

  #failed({ label }: BoundHook, passage: Passage, cause: unknown): Verdict | undefined {
    const error = toError(cause);
    const why = cause === error ? `${error.name}: ${error.message}` : error.message;
    // What cannot be read is of no use as a cause.
    if (typeof cause === "object") cause = error;
    const at = describeMessage(passage);
    this.options.report(
      new HookError("hook_error", `The hook ${label} failed at ${at}: ${why}`, { hook: label, at, cause }),
      this.connection,
    );
    return this.options.onHookError === "pass" ? undefined : close();
  }

  #timedOut({ label }: BoundHook, passage: Passage, timeoutMs: number): Verdict | undefined {
    const at = describeMessage(passage);
    this.options.report(
      new HookError("hook_timeout", `The hook ${label} did not settle within ${timeoutMs} ms at ${at}`, {
        hook: label,
        at,
      }),
      this.connection,
    );
    const { onHookTimeout = "close" } = this.options;
    return onHookTimeout === "pass" ? undefined : onHookTimeout === "drop" ? drop() : close();
  }
}

function matchedBy(pattern: number, fired: Fired[] | undefined): readonly Matched[] | undefined {
  return fired?.find((one) => one.pattern === pattern)?.matched;
}

/** A hook that observes must not return a verdict. */
function refuseVerdict(answer: HookAnswer): void {
  const verdict = readVerdict(answer);
  if (verdict === undefined) return;
  throw new TypeError(`Cannot take a hook's answer: found ${verdict.verdict} of one that only observes`);
}

function isPromise(value: unknown): value is PromiseLike<HookAnswer> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}
