/**
 * The version of the program, from the one place that has it.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Such as `0.1.0`. */
export const version: string = config.version;

/** What `protohost --version` prints. */
export function describeVersion(): string {
  return `protohost ${version} (deno ${Deno.version.deno}, ${Deno.build.target})`;
}
