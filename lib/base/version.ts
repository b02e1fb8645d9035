/**
 * The version of the package, from the one place that has it.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Such as `0.1.0`. */
export const version: string = config.version;
