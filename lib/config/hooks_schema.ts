/**
 * The schema of a service's hooks: modules and rules.
 *
 * @module
 */

import * as z from "zod";
import { formatDuration } from "../base/units.ts";
import { DEFAULT_HOOK_TIMEOUT_MS } from "../hooks/timeouts.ts";
import { rule } from "./rule_schema.ts";
import { choice, duration, mapping, modulePath, named, optional, required } from "./schema_builders.ts";

const command = named(
  "CommandInput",
  "What names the commands of a service.",
  mapping("a mapping with key", {
    key: required(
      z.string({ error: "a key of messages" }).min(1, { error: "a key of messages" }),
      "The key of a message that holds its command",
    ),
  }),
);

/** What names commands, how long hooks may take, and what holds when they fail. */
export const hookPolicy = named(
  "HookPolicyInput",
  "What names commands, how long hooks may take, and what holds when they fail.",
  mapping("a mapping", {
    command: optional(
      command,
      "What hooks and counters call a message, where its protocol leaves that to users, as `jsonnl` does",
      { words: "what the protocol says: for `jsonnl` the first of `type`, `cmd` and `method`" },
    ),
    hookTimeout: optional(
      duration(),
      "How long a hook's promise may take to settle; 0 turns it off",
      formatDuration(DEFAULT_HOOK_TIMEOUT_MS),
    ),
    onHookTimeout: optional(
      choice(["pass", "drop", "close"]),
      "What to do with the message whose hook takes longer; `close` closes its connection",
      "close",
    ),
    onHookError: optional(
      choice(["pass", "close"]),
      "What to do with the message whose hook throws; `close` closes its connection",
      "close",
    ),
  }),
);

/** The list of hooks. */
export const hooks = optional(
  z.array(z.union([modulePath, rule], { error: "a module's path, or a rule with on or sequence" }), {
    error: "a list of modules' paths and rules",
  }),
  "Hooks on commands, in their order: paths or URLs of modules, and rules",
);
