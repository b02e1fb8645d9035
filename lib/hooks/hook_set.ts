/**
 * All hooks of a service, compiled once, and what one connection keeps of them.
 *
 * A message's hooks are chosen by the command that came, before any hook runs; what a hook puts in its place changes
 * neither them nor the sequences. They run by priority, then in their order. A pass or a replacement goes on to the next
 * hook; the first other verdict decides. What can fail in a hook:
 *
 * | it | then holds |
 * | --- | --- |
 * | throws, rejects, or answers a verdict that does not exist | `onHookError` |
 * | does not settle within `hookTimeout` | `onHookTimeout`; what becomes of it later is not heard |
 *
 * @module
 */

import type { AnyProtocol, Connection, ServiceContext } from "../contract.ts";
import { describeBinding, type HookAnswer, type HookContext, type HookEntry } from "./define.ts";
import { HookError } from "./hook_error.ts";
import { type EventClass, type Fired, type Matched, type MatcherState, SequenceMatcher } from "./matcher.ts";
import { NameCache } from "./name_cache.ts";
import { namesIn, testName } from "./names.ts";
import { DIRECTION_BITS } from "./pattern.ts";
import { late, settleWithin } from "./settle.ts";
import type { SequenceStep } from "./steps.ts";
import { DEFAULT_HOOK_TIMEOUT_MS, type OnHookError, type OnHookTimeout } from "./timeouts.ts";
import { close, type Direction, drop, readVerdict, type Verdict } from "./verdict.ts";

/** What hooks are compiled with. */
export interface HookOptions {
  /** The service's name. */
  service: string;
  /** What it speaks: reads the messages in rules. */
  protocol: AnyProtocol;
  /** What the service lives in. */
  context: ServiceContext;
  /**
   * How long a hook's promise may take, in milliseconds; 0 for any time.
   *
   * @default {5000}
   */
  timeoutMs?: number;
  /** @default {"close"} */
  onHookTimeout?: OnHookTimeout;
  /** @default {"close"} */
  onHookError?: OnHookError;
  /** Hears of each failure once; counts it under its code and logs it. {@linkcode hookHost} makes one. */
  report(error: HookError, connection?: Connection): void;
  /** Counts what rules count. {@linkcode hookHost} makes one. */
  count(name: string): void;
  /** Milliseconds on a scale that does not go back. @default {performance.now} */
  now?(): number;
}

/** Which hooks run for a command, in their order. JSON-safe. */
export interface HookDescription {
  /** A command or a pattern that hooks name; `*` stands for all others. */
  command: string;
  direction: Direction;
  /** Each with what it is and what it is bound to, where that is more than the command. */
  hooks: string[];
  /** What is doubtful about them; absent if nothing is. */
  warnings?: string[];
}

/** The hooks of a service. */
export interface HookSet {
  /** Whether any hook or sequence can concern a direction. */
  observes(direction: Direction): boolean;
  /** Whether a hook could answer `reply` to an `in` message. */
  readonly mayReply: boolean;
  /** What one connection keeps. */
  session(connection: Connection): HookSession;
  /** Which hooks run for the commands given and for those that hooks name. */
  describe(commands?: string[]): HookDescription[];
  /** Ends what hooks do beside (webhooks, programs), within a bounded time. */
  stop(): Promise<void>;
}

/** The hooks of one connection. */
export interface HookSession {
  /**
   * Runs the hooks of a message. Answers undefined if it goes on as it is, a promise only if a hook does. Until that has
   * settled, the next message of this direction is not to be run.
   */
  run(
    direction: Direction,
    message: unknown,
    command: string,
  ): undefined | Verdict | Promise<Verdict | undefined>;
  /** Forgets everything. */
  end(): void;
}

/** Compiles hooks, in their order. */
export function compileHooks(entries: readonly HookEntry[], options: HookOptions): HookSet {
  return new CompiledHooks(entries, options);
}

/** A hook with its place among all. */
interface BoundHook {
  entry: HookEntry;
  label: string;
  /** Of a sequence: its place in the matcher; -1 otherwise. */
  pattern: number;
  /** Decides for each message, where the name does not. */
  predicate?: (command: string, message: unknown) => boolean;
}

/** What is to be done for commands of one name in one direction. */
interface Plan {
  hooks: readonly BoundHook[];
  /** Undefined if the command concerns no sequence. */
  event: EventClass | undefined;
  /** Whether none of the hooks runs unless a sequence is complete. */
  sequencesOnly: boolean;
}

/** One message on its way through its hooks. */
interface Passage {
  plan: Plan;
  direction: Direction;
  command: string;
  message: unknown;
  replaced: boolean;
  fired: Fired[] | undefined;
}

const NONE: readonly Matched[] = Object.freeze([]);
const DIRECTIONS: readonly Direction[] = ["in", "out"];

class CompiledHooks implements HookSet {
  readonly mayReply: boolean;
  readonly options: HookOptions;
  readonly matcher: SequenceMatcher;
  readonly now: () => number;
  readonly #hooks: readonly BoundHook[];
  readonly #plans: Record<Direction, NameCache<Plan | null>>;

  constructor(entries: readonly HookEntry[], options: HookOptions) {
    this.options = options;
    this.now = options.now ?? monotonic;
    const sequences = entries.filter((entry) => entry.kind === "sequence");
    this.matcher = new SequenceMatcher(sequences.map(({ pattern }) => pattern));
    this.#hooks = entries.map((entry, index) => ({
      entry,
      label: entry.label ?? `hook ${index + 1}`,
      pattern: entry.kind === "sequence" ? sequences.indexOf(entry) : -1,
      ...(entry.kind === "command" && typeof entry.commands === "function"
        ? { predicate: entry.commands }
        : {}),
      // The sort is stable: those of one priority stay in their order.
    })).sort((a, b) => b.entry.priority - a.entry.priority);
    this.#plans = {
      in: new NameCache((command) => this.#makePlan("in", command)),
      out: new NameCache((command) => this.#makePlan("out", command)),
    };
    this.mayReply = entries.some((entry) => entry.mayReply !== false && (directionsOf(entry) & 1) !== 0);
  }

  observes(direction: Direction): boolean {
    return this.matcher.observes(direction) ||
      this.#hooks.some(({ entry }) => (directionsOf(entry) & DIRECTION_BITS[direction]) !== 0);
  }

  session(connection: Connection): HookSession {
    return new ConnectionHooks(this, connection);
  }

  describe(commands: string[] = []): HookDescription[] {
    const names = [...commands, ...this.#hooks.flatMap(({ entry }) => namesOf(entry))].filter((one) =>
      one !== "*"
    );
    return DIRECTIONS.flatMap((direction) =>
      [...new Set(names), "*"].map((command) => {
        const hooks = this.#makePlan(direction, command)?.hooks ?? [];
        const warnings = hooks.map(({ entry }) => entry.warning).filter((one) => one !== undefined);
        return {
          command,
          direction,
          hooks: hooks.map(describeHook),
          ...(warnings.length === 0 ? {} : { warnings }),
        };
      }).filter(({ hooks }) => hooks.length > 0)
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hooks.map(({ entry }) => entry.stop?.()));
  }

  /** What is to be done for a command; null if nothing. */
  plan(direction: Direction, command: string): Plan | null {
    return this.#plans[direction].get(command);
  }

  #makePlan(direction: Direction, command: string): Plan | null {
    const event = this.matcher.classify(direction, command);
    const hooks = this.#hooks.filter(({ entry, pattern, predicate }) => {
      if (entry.kind === "sequence") return this.matcher.completes(event, pattern);
      if ((DIRECTION_BITS[entry.direction] & DIRECTION_BITS[direction]) === 0) return false;
      return predicate !== undefined ||
        (entry.commands as string[]).some((name) => testName({ name }, command));
    });
    if (hooks.length === 0 && event === undefined) return null;
    return { hooks, event, sequencesOnly: hooks.every(({ pattern }) => pattern >= 0) };
  }
}

class ConnectionHooks implements HookSession {
  readonly set: CompiledHooks;
  readonly connection: Connection;
  #notes: Record<string, unknown> | undefined;
  #state: MatcherState | undefined;

  constructor(set: CompiledHooks, connection: Connection) {
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
    return this.#proceed({ plan, direction, command, message, replaced: false, fired }, 0);
  }

  end(): void {
    this.#state = undefined;
    this.#notes = undefined;
  }

  /** Runs the hooks of a message from one on. */
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
        verdict = this.#failed(hook, error);
      }
      const decided = decide(passage, verdict);
      if (decided !== undefined) return decided;
    }
    return passage.replaced ? { verdict: "replace", message: passage.message } : undefined;
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
      verdict = settled === late ? this.#timedOut(hook, timeoutMs) : readVerdict(settled);
    } catch (error) {
      verdict = this.#failed(hook, error);
    }
    return decide(passage, verdict) ?? await this.#proceed(passage, index + 1);
  }

  #failed({ label }: BoundHook, cause: unknown): Verdict | undefined {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    this.set.options.report(
      new HookError("hook_error", `The hook ${label} failed: ${why}`, { hook: label, cause }),
      this.connection,
    );
    return this.set.options.onHookError === "pass" ? undefined : close();
  }

  #timedOut({ label }: BoundHook, timeoutMs: number): Verdict | undefined {
    this.set.options.report(
      new HookError("hook_timeout", `The hook ${label} did not settle within ${timeoutMs} ms`, {
        hook: label,
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

/** Takes in a verdict; answers it if it decides. */
function decide(passage: Passage, verdict: Verdict | undefined): Verdict | undefined {
  if (verdict === undefined || verdict.verdict === "pass") return undefined;
  if (verdict.verdict === "replace") {
    passage.message = verdict.message;
    passage.replaced = true;
    return undefined;
  }
  const goesOn = verdict.verdict === "delay" && (verdict.then?.verdict ?? "pass") === "pass";
  if (!goesOn || !passage.replaced) return verdict;
  return { ...verdict, then: { verdict: "replace", message: passage.message } };
}

function matchedBy(pattern: number, fired: Fired[] | undefined): readonly Matched[] | undefined {
  return fired?.find((one) => one.pattern === pattern)?.matched;
}

function directionsOf(entry: HookEntry): number {
  if (entry.kind === "command") return DIRECTION_BITS[entry.direction];
  return entry.pattern.positions.at(-1)!.directions;
}

function namesOf(entry: HookEntry): string[] {
  if (entry.kind === "sequence") return entry.steps.flatMap(stepNames);
  return typeof entry.commands === "function" ? [] : [...entry.commands];
}

function stepNames(step: SequenceStep): string[] {
  return "test" in step ? namesIn(step.test) : stepNames(step.repeat);
}

function describeHook({ entry, label }: BoundHook): string {
  const isObvious = entry.kind === "command" && typeof entry.commands !== "function";
  const priority = entry.priority === 0 ? "" : `, priority ${entry.priority}`;
  return isObvious && priority === ""
    ? label
    : `${label} (${isObvious ? priority.slice(2) : describeBinding(entry) + priority})`;
}

function isPromise(value: unknown): value is PromiseLike<HookAnswer> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}

function monotonic(): number {
  return performance.now();
}
