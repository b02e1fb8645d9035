/**
 * Loading a user's module, with readable errors.
 *
 * @module
 */

import { readableFailure, reasonOf } from "./load_failure.ts";

export { describeValue } from "../base/describe_value.ts";

/** A module that does not load; `code` is `module_failed`, `cause` what it threw. */
export class ModuleError extends Error {
  /** The name of the class. */
  override readonly name = "ModuleError";
  /** What happened. */
  readonly code = "module_failed";
}

/**
 * Loads a module and returns its default export.
 *
 * @param kind What error messages call it: `protocol`, `service`.
 * @throws {ModuleError} If it does not load or has no default export.
 */
export async function loadDefault(url: string, kind: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (thrown) {
    const cause = readableFailure(thrown);
    const why = reasonOf(cause);
    throw new ModuleError(`Cannot load the ${kind} module ${url}: ${why}${bundlingHint(why, url)}`, {
      cause,
    });
  }
  if (module.default !== undefined) return module.default;
  const others = Object.keys(module);
  const found = others.length === 0
    ? "it exports nothing"
    : `it exports only ${others.join(", ")}: wanted export default { ${others[0]} } or the like`;
  throw new ModuleError(`Cannot use ${url} as a ${kind} module: it has no default export, ${found}`);
}

/** How to use a missing package in an executable, which only has protohost's own; empty for other failures. */
export function bundlingHint(why: string, url: string, standalone = Deno.build.standalone): string {
  if (!standalone || !/npm:|jsr:|https?:|not prefixed with|Import "|in the list of packages/.test(why)) {
    return "";
  }
  const file = decodeURIComponent(url.slice(url.lastIndexOf("/") + 1)) || "kv_src.ts";
  const bundle = file.replace(/\.[cm]?[jt]sx?$/, "").replace(/_src$/, "");
  const output = file === `${bundle}.js` ? `${bundle}_bundle.js` : `${bundle}.js`;
  return " (this executable resolves relative imports and @protohost/protohost only; bundle other packages into one file, " +
    `and use that: deno bundle --external=@protohost/protohost -o ${output} ${file})`;
}
