/**
 * All hooks of a service, compiled once.
 *
 * @module
 */

import { ConnectionHooks } from "./connection_hooks.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import type { Connection } from "../contract/connection.ts";
import type { ServiceContext } from "../contract/handler.ts";
import { describeBinding, directionsOf, type HookEntry, namesOf } from "./hook_entry.ts";
import { HookDefinitionError, type HookError } from "./hook_error.ts";
import { SequenceMatcher } from "./matcher.ts";
import { testName } from "./names.ts";
import { DIRECTION_BITS } from "./pattern.ts";
import { type BoundHook, type Plan, PlanTable } from "./plan.ts";
import type { OnHookError, OnHookTimeout } from "./timeouts.ts";
import { unmatchedNames } from "./unmatched_names.ts";
import type { Direction, Verdict } from "./verdict.ts";

/** What hooks are compiled with. */
export interface HookOptions {
  /** The service's name. */
  service: string;
  /** The service's protocol: it reads the messages in rules and names the commands. */
  protocol: AnyProtocol;
  /** The service's context. */
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
  /** Called once for each failure, to count it under its code and log it. {@linkcode hookReports} makes one. */
  report(error: HookError, connection?: Connection): void;
  /** Counts for rules. {@linkcode hookReports} makes one. */
  count(name: string): void;
  /** Milliseconds on a scale that does not go back. @default {performance.now} */
  now?(): number;
}

/** Which hooks run for a command, in their order. JSON-safe. */
export interface HookDescription {
  /** A command or a pattern that hooks name; `*` stands for all others. */
  command: string;
  direction: Direction;
  /** Of a service with several protocols: those that this holds for; absent if it holds for all. */
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
  /** Whether a hook could decide on an `in` message, so that it may be there to guard something. */
  readonly guards: boolean;
  /** Whether a message can concern any hook or sequence. */
  concerns(direction: Direction, command: string): boolean;
  /** Whether the session needs a message: it concerns a hook, or the session keeps the requests that are open. */
  sees(direction: Direction, command: string): boolean;
  /** The hooks of one connection. */
  session(connection: Connection): HookSession;
  /** Which hooks run for the commands given and for those that hooks name. */
  describe(commands?: string[]): HookDescription[];
}

/** The hooks of one connection. */
export interface HookSession {
  /**
   * Runs the hooks of a message. Returns undefined if it goes on as it is, and a promise only if a hook returned one.
   * Until that has settled, the next message of this direction must not be run.
   */
  run(
    direction: Direction,
    message: unknown,
    command: string,
  ): undefined | Verdict | Promise<Verdict | undefined>;
  /** Called when the request that was run last goes on, as it was or replaced by this message. */
  forwarded(message: unknown): void;
  /** Called when a message has gone to the client. */
  answered(message: unknown): void;
  /** Forgets everything. */
  end(): void;
}

/**
 * Compiles hooks, in their order.
 *
 * @throws {HookDefinitionError} If one is bound to a name that no message of the protocol has, or asks for what the
 * protocol cannot tell.
 */
export function compileHooks(entries: readonly HookEntry[], options: HookOptions): HookSet {
  const problems = [
    ...unmatchedNames(entries, options.protocol),
    ...unknownRequests(entries, options.protocol),
  ];
  if (problems.length > 0) throw new HookDefinitionError(problems.join("\n"));
  return new CompiledHooks(entries, options);
}

/** What is wrong with hooks that ask for the request that a reply answers, one problem a hook. */
export function unknownRequests(entries: readonly HookEntry[], protocol: AnyProtocol): string[] {
  return entries.filter(({ seesRequest }) => seesRequest).flatMap((entry) => {
    const label = entry.label ?? "A hook";
    if ((directionsOf(entry) & DIRECTION_BITS.out) === 0) {
      return [`${label} asks for the request that a reply answers, but sees no replies: its direction is in`];
    }
    if (protocol.answers !== undefined) return [];
    return [
      `${label} asks for the request that a reply answers, which the protocol ${protocol.name} cannot tell: it has no answers`,
    ];
  });
}

const DIRECTIONS: readonly Direction[] = ["in", "out"];

class CompiledHooks implements HookSet {
  readonly mayReply: boolean;
  readonly guards: boolean;
  readonly observed: Readonly<Record<Direction, boolean>>;
  /** Whether sessions keep the requests that are open, to know which reply answers what. */
  readonly keepsRequests: boolean;
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
      predicate: entry.kind === "command" && typeof entry.commands === "function"
        ? entry.commands
        : undefined,
      run: entry.run,
      observe: entry.observe === true,
      seesRequest: entry.seesRequest === true,
      // The sort is stable: those of one priority stay in their order.
    })).sort((a, b) => b.entry.priority - a.entry.priority);
    const names = this.#names();
    this.#plans = {
      in: new PlanTable(names, (command) => this.#makePlan("in", command)),
      out: new PlanTable(names, (command) => this.#makePlan("out", command)),
    };
    const concerning = (direction: Direction) =>
      entries.filter((entry) => (directionsOf(entry) & DIRECTION_BITS[direction]) !== 0);
    this.keepsRequests = options.protocol.answers !== undefined &&
      (this.matcher.isMixed || concerning("out").some(({ seesRequest }) => seesRequest));
    this.observed = {
      in: this.keepsRequests || this.matcher.observes("in") || concerning("in").length > 0,
      out: this.keepsRequests || this.matcher.observes("out") || concerning("out").length > 0,
    };
    this.mayReply = concerning("in").some(({ mayReply }) => mayReply !== false);
    this.guards = concerning("in").some(({ observe }) => !observe);
  }

  concerns(direction: Direction, command: string): boolean {
    return this.#plans[direction].get(command) !== null;
  }

  sees(direction: Direction, command: string): boolean {
    return this.keepsRequests || this.concerns(direction, command);
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

  /** The hooks for a command; null if there are none. */
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

function describeHook({ entry, label }: BoundHook): string {
  const isObvious = entry.kind === "command" && typeof entry.commands !== "function";
  const more = [
    ...(isObvious ? [] : [describeBinding(entry)]),
    ...(entry.priority === 0 ? [] : [`priority ${entry.priority}`]),
  ];
  return more.length === 0 ? label : `${label} (${more.join(", ")})`;
}

function monotonic(): number {
  return performance.now();
}
