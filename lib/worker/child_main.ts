/**
 * The entry of a child process that runs from source: all that `main.ts` could import would be read before it starts.
 *
 * @module
 */

import { hostInstance } from "./child_host.ts";

await hostInstance(Number(Deno.args[1]));
