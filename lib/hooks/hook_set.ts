/**
 * All hooks of a service, compiled once.
 *
 * @module
 */

import { ConnectionHooks } from "./connection_hooks.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import type { Connection } from "../contract/connection.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { describeBinding, type HookEntry } from "./define_hooks.ts";
import type { HookError } from "./hook_error.ts";
import { SequenceMatcher } from "./matcher.ts";
import { NameCache } from "./name_cache.ts";
import { isPattern, namesIn, testName } from "./names.ts";
import { DIRECTION_BITS } from "./pattern.ts";
import type { BoundHook, Plan } from "./hook_plan.ts";
import type { SequenceStep } from "./steps.ts";
import type { OnHookError, OnHookTimeout } from "./timeouts.ts";
import type { Direction, Verdict } from "./verdict.ts";

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
  /** Of a service that speaks several protocols: those for which it is so; absent if for all. */
  protocols?: string[];
  /** Each with what it is and what it is bound to, where that is more than the command. */
  hooks: string[];
  /** What is doubtful about them; absent if nothing is. */
  warnings?: string[];
}

/** The hooks of a service. */
export interface HookSet {
  /** Which directions any hook or sequence can concern. */
  readonly observed: Readonly<Record<Direction, boolean>>;
  /** Whether a hook could answer `reply` to an `in` message. */
  readonly mayReply: boolean;
  /** Whether a message can concern any hook or sequence; to the session of one that does not, it need not be told. */
  concerns(direction: Direction, command: string): boolean;
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

const DIRECTIONS: readonly Direction[] = ["in", "out"];

class CompiledHooks implements HookSet {
  readonly mayReply: boolean;
  readonly observed: Readonly<Record<Direction, boolean>>;
  readonly options: HookOptions;
  readonly matcher: SequenceMatcher;
  readonly now: () => number;
  readonly #hooks: readonly BoundHook[];
  readonly #plans: Record<Direction, PlanTable>;

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
    const names = this.#names();
    this.#plans = {
      in: new PlanTable(names, (command) => this.#makePlan("in", command)),
      out: new PlanTable(names, (command) => this.#makePlan("out", command)),
    };
    this.observed = { in: this.#observes("in"), out: this.#observes("out") };
    this.mayReply = entries.some((entry) => entry.mayReply !== false && (directionsOf(entry) & 1) !== 0);
  }

  #observes(direction: Direction): boolean {
    return this.matcher.observes(direction) ||
      this.#hooks.some(({ entry }) => (directionsOf(entry) & DIRECTION_BITS[direction]) !== 0);
  }

  concerns(direction: Direction, command: string): boolean {
    return this.#plans[direction].get(command) !== null;
  }

  session(connection: Connection): HookSession {
    return new ConnectionHooks(this, connection);
  }

  describe(commands: string[] = []): HookDescription[] {
    const names = [...commands, ...this.#names()].filter((one) => one !== "*");
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

  /** Every name and pattern that hooks are bound to. */
  #names(): string[] {
    return this.#hooks.flatMap(({ entry }) => namesOf(entry));
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

/** So many names are compared one by one. */
const FEW_NAMES = 8;

/**
 * What is to be done, by the name of the command. Names that hooks name are known beforehand; all others are alike, unless
 * a pattern may match some of them.
 */
class PlanTable {
  readonly #named: Map<string, Plan | null>;
  /** The same while they are few: comparing costs less than hashing a string that has just been cut. */
  readonly #few: readonly (readonly [string, Plan | null])[] | undefined;
  readonly #others: Plan | null;
  readonly #patterns: NameCache<Plan | null> | undefined;

  constructor(names: readonly string[], make: (name: string) => Plan | null) {
    this.#named = new Map(names.filter((name) => !isPattern(name)).map((name) => [name, make(name)]));
    this.#few = this.#named.size <= FEW_NAMES ? [...this.#named] : undefined;
    this.#others = make("*");
    this.#patterns = names.some((name) => isPattern(name) && name !== "*") ? new NameCache(make) : undefined;
  }

  get(name: string): Plan | null {
    const named = this.#few === undefined ? this.#named.get(name) : this.#find(this.#few, name);
    if (named !== undefined) return named;
    return this.#patterns === undefined ? this.#others : this.#patterns.get(name);
  }

  #find(named: readonly (readonly [string, Plan | null])[], name: string): Plan | null | undefined {
    for (const [known, plan] of named) if (known === name) return plan;
    return undefined;
  }
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

function monotonic(): number {
  return performance.now();
}
