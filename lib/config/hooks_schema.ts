/**
 * The schema of a service's hooks: modules and rules.
 *
 * @module
 */

import * as z from "zod";
import { formatDuration } from "../base/units.ts";
import { DEFAULT_HOOK_TIMEOUT_MS } from "../hooks/timeouts.ts";
import { rule } from "./rule_schema.ts";
import { choice, duration, mapping, named, optional, path } from "./schema_builders.ts";

/** How long hooks may take, and what holds when they fail. */
export const hookPolicy = named(
  "HookPolicyInput",
  "How long hooks may take, and what holds when they fail.",
  mapping("a mapping", {
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
  z.array(z.union([path, rule], { error: "a module's path, or a rule with on or sequence" }), {
    error: "a list of modules' paths and rules",
  }),
  "Hooks on commands, in their order: paths or URLs of modules, and rules",
);
