/**
 * What a hook is called with.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import type { Connection } from "../contract/connection.ts";
import type { HookContext } from "./hook_context.ts";
import type { HookOptions } from "./hook_set.ts";
import type { HookRequest } from "./open_requests.ts";
import type { Matched } from "./sequence_progress.ts";
import type { Direction } from "./verdict.ts";

/** What all messages of a connection share. */
export interface ContextOwner {
  readonly options: HookOptions;
  readonly connection: Connection;
  readonly notes: Record<string, unknown>;
}

/** What is the message's own. */
export interface HookedPassage {
  readonly message: unknown;
  readonly command: string;
  readonly direction: Direction;
  readonly request: HookRequest | undefined;
}

/** One message, as a hook sees it. */
export class MessageContext implements HookContext {
  readonly message: unknown;
  readonly matched: readonly Matched[];
  readonly #owner: ContextOwner;
  readonly #passage: HookedPassage;

  constructor(owner: ContextOwner, passage: HookedPassage, matched: readonly Matched[]) {
    this.#owner = owner;
    this.#passage = passage;
    // Hooks behind this one may get another.
    this.message = passage.message;
    this.matched = matched;
  }

  get command(): string {
    return this.#passage.command;
  }

  get direction(): Direction {
    return this.#passage.direction;
  }

  get request(): HookRequest | undefined {
    throw new TypeError("Cannot read request: the hook is bound without it, wanted { request: true }");
  }

  get connection(): HookContext["connection"] {
    return this.#owner.connection;
  }

  get notes(): Record<string, unknown> {
    return this.#owner.notes;
  }

  get log(): HookContext["log"] {
    return this.#owner.options.context.log;
  }

  // Functions that need no `this`: hooks take their context apart.

  get publish(): HookContext["publish"] {
    return this.#owner.options.context.publish;
  }

  get count(): HookContext["count"] {
    return this.#owner.options.count;
  }
}

/** One message, as a hook sees it that is given the request. */
export class ReplyContext extends MessageContext {
  readonly #request: HookRequest | undefined;

  constructor(owner: ContextOwner, passage: HookedPassage, matched: readonly Matched[]) {
    super(owner, passage, matched);
    this.#request = passage.request;
  }

  override get request(): HookRequest | undefined {
    return this.#request;
  }
}

freezeClass(MessageContext);
freezeClass(ReplyContext);
