/**
 * What a hook sees of a message, and what it may answer.
 *
 * @module
 */

import type { Connection } from "../contract/connection.ts";
import type { ServiceContext } from "../contract/handler.ts";
import type { HookRequest } from "./open_requests.ts";
import type { Matched } from "./sequence_progress.ts";
import type { Direction, Verdict } from "./verdict.ts";

/** What a hook sees. */
// deno-lint-ignore no-explicit-any
export interface HookContext<M = any> {
  /** The message, or what an earlier hook put in its place. */
  readonly message: M;
  /** The command that came, also where an earlier hook replaced the message. */
  readonly command: string;
  /** Which way the message goes. */
  readonly direction: Direction;
  /** Of a sequence: its first 16 messages, as they came; the last one is `message` too. Empty for other hooks. */
  readonly matched: readonly Matched<M>[];
  /**
   * The request that this message answers; undefined if it answers none.
   *
   * @throws {TypeError} If the hook is not bound with `request: true`.
   */
  readonly request: HookRequest<M> | undefined;
  /** The client's connection. */
  // deno-lint-ignore no-explicit-any
  readonly connection: Connection<any, any, any>;
  /** What hooks remember of this connection; all its hooks share it. */
  // deno-lint-ignore no-explicit-any
  readonly notes: Record<string, any>;
  /** Writes to the server's log under the service's name. */
  readonly log: ServiceContext["log"];
  /** As {@linkcode ServiceContext.publish}. */
  readonly publish: (topic: string, message: unknown) => void;
  /** As {@linkcode ServiceContext.count}. */
  readonly count: (name: string) => void;
}

/** What a hook returns: a verdict, or nothing, which is a pass. */
export type HookAnswer = Verdict | void | undefined;

/** A hook. While its promise is pending, the connection's next message in this direction waits, unless it observes. */
// deno-lint-ignore no-explicit-any
export type HookFunction<M = any> = (context: HookContext<M>) => HookAnswer | Promise<HookAnswer>;
