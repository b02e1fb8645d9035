/**
 * What `protohost --version` prints.
 *
 * @module
 */

import { version } from "../base/version.ts";

/** The versions of the program and of what it runs on. */
export function describeVersion(): string {
  return `protohost ${version} (deno ${Deno.version.deno}, ${Deno.build.target})`;
}
