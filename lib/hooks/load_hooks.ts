/**
 * From the configuration's hooks to what runs: loads modules, compiles rules.
 *
 * @module
 */

import type { ServiceContext } from "../contract/handler.ts";
import { describeValue, loadDefault } from "../modules/load_module.ts";
import type { HookEntry } from "./hook_entry.ts";
import { HookDefinitionError } from "./hook_error.ts";
import { compileHooks, type HookOptions, type HookSet, unknownRequests } from "./hook_set.ts";
import { isMixed } from "./pattern.ts";
import type { HookSource, InstanceAction } from "./rule.ts";
import type { EffectOptions } from "./rule_effects.ts";
import { compileRule } from "./rule_hook.ts";
import { unmatchedNames } from "./unmatched_names.ts";

/** What hooks are loaded with. */
export interface LoadHooksOptions extends HookOptions, Pick<EffectOptions, "runAction" | "queue"> {
  /**
   * Whether a server stands behind: then the replies of rules must wait for its own.
   *
   * @default {false}
   */
  proxied?: boolean;
}

/**
 * Loads and compiles the hooks of a service, in their order.
 *
 * @throws {HookDefinitionError} With all that is wrong, one a line.
 * @throws {ModuleError} If a module does not load.
 */
export async function loadHooks(
  sources: readonly HookSource<InstanceAction>[],
  options: LoadHooksOptions,
): Promise<HookSet> {
  const entries: HookEntry[] = [];
  const problems: string[] = [];
  for (const [hook, source] of sources.entries()) {
    try {
      if ("module" in source) entries.push(...await loadModule(source.module, options.context));
      else entries.push(compileRule(source.rule, { ...options, hook }));
    } catch (error) {
      if (!(error instanceof HookDefinitionError)) throw error;
      problems.push(error.message);
    }
  }
  problems.push(
    ...unmatchedNames(entries, options.protocol),
    ...unknownRequests(entries, options.protocol),
  );
  if (problems.length > 0) throw new HookDefinitionError(problems.join("\n"));
  const doubtful = entries.map((entry) => withWarning(entry, options));
  for (const { warning } of doubtful) if (warning) options.context.log.warn("{warning}", { warning });
  return compileHooks(doubtful, options);
}

async function loadModule(url: string, context: ServiceContext): Promise<HookEntry[]> {
  const exported = await loadDefault(url, "hooks");
  const hooks = typeof exported === "function" ? await exported(context) : exported;
  if (!Array.isArray(hooks) || !hooks.every(isEntry)) {
    const wrong = Array.isArray(hooks) ? hooks.find((one) => !isEntry(one)) : hooks;
    throw new HookDefinitionError(
      `Cannot use ${url} as hooks: wanted a list of what on() and sequence() make, found ${
        Array.isArray(hooks) ? `${describeValue(wrong)} in it` : describeValue(hooks)
      }`,
    );
  }
  const file = url.slice(url.lastIndexOf("/") + 1).slice(0, 80);
  return hooks.map((entry: HookEntry, index) => ({
    ...entry,
    label: `${file}: ${entry.label ?? `hook ${index + 1}`}`,
  }));
}

function isEntry(value: unknown): value is HookEntry {
  const kind = (value as HookEntry | null)?.kind;
  return (kind === "command" || kind === "sequence") && typeof (value as HookEntry).run === "function";
}

function withWarning(entry: HookEntry, options: LoadHooksOptions): HookEntry {
  const doubts = doubtsOf(entry, options);
  return doubts.length === 0 ? entry : { ...entry, warning: `${entry.label}: ${doubts.join("; ")}` };
}

/** What may not hold without `answers` of the protocol, which tell which reply answers what. */
function doubtsOf(entry: HookEntry, { protocol, proxied }: LoadHooksOptions): string[] {
  if (protocol.answers !== undefined) return [];
  const since = `since the protocol ${protocol.name} has no answers to`;
  const doubts: string[] = [];
  // Code may reply as well, but only a rule is known to.
  if (proxied && entry.mayReply === true) {
    doubts.push(`a reply may overtake those of the server behind, ${since} count them by`);
  }
  if (entry.kind === "sequence" && isMixed(entry.pattern)) {
    doubts.push(`a client that does not wait for replies can pass the sequence by, ${since} order them by`);
  }
  return doubts;
}
