/**
 * Loading a user's module, and saying what is wrong with it.
 *
 * @module
 */

export { describeValue } from "./describe_value.ts";

/** A module that does not load; `code` is `module_failed`, `cause` what it threw. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  readonly code = "module_failed";
}

/**
 * Loads a module and answers its default export.
 *
 * @param kind What it is loaded as, for the message of an error: `protocol`, `service`.
 * @throws {ModuleError} If it does not load or has no default export.
 */
export async function loadDefault(url: string, kind: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ModuleError(`Cannot load the ${kind} module ${url}: ${why}${bundlingHint(why)}`, { cause });
  }
  if (module.default !== undefined) return module.default;
  const others = Object.keys(module);
  const found = others.length === 0 ? "it exports nothing" : `it exports only ${others.join(", ")}`;
  throw new ModuleError(`Cannot use ${url} as a ${kind} module: it has no default export, ${found}`);
}

/** An executable has no packages in it but protohost's own. */
function bundlingHint(why: string): string {
  if (!Deno.build.standalone || !/npm:|jsr:|https?:|not prefixed with|Import "/.test(why)) return "";
  return " (this executable resolves relative imports and @protohost/protohost only: bundle other packages into the file first)";
}
