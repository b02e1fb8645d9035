/**
 * The version of the package, as in `deno.json`.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Such as `0.1.0`. */
export const version: string = config.version;
