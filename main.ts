/**
 * The command line: the only reader of `Deno.args` and the only caller of `Deno.exit`.
 *
 * @module
 */

import { dispatch } from "./lib/cli/dispatch.ts";
import { createTerminal } from "./lib/cli/terminal.ts";

if (import.meta.main) Deno.exit(await dispatch(Deno.args, createTerminal()));
