/**
 * Which modules are protohost's own.
 *
 * @module
 */

/**
 * The URLs of protohost's own modules and of the folders that contain them; in its repository, of the stand-ins for
 * packages too.
 */
export const OWN_MODULES: readonly string[] = ["lib/", "protocols/", "mod.ts", "deno.json", "scripts/links/"]
  .map((path) => new URL(`../../${path}`, import.meta.url).href);

/** Whether a module is protohost's own. */
export function isOwnModule(url: string): boolean {
  return OWN_MODULES.some((own) => own.endsWith("/") ? url.startsWith(own) : url === own);
}
