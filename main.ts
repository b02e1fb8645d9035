/**
 * The command line: the only reader of `Deno.args` and the only caller of `Deno.exit`.
 *
 * @module
 */

import { CHILD_COMMAND } from "./lib/isolation/child_command.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  if (args[0] === CHILD_COMMAND) {
    // It starts in half the time without what commands have in common; there is a user to be told only if it is none.
    const { hostInstance, isChildOf } = await import("./lib/worker/child_host.ts");
    const serverPid = Number(args[1]);
    if (isChildOf(serverPid)) {
      await hostInstance(serverPid);
      return 0;
    }
  }
  const { dispatch } = await import("./lib/cli/dispatch.ts");
  const { createTerminal } = await import("./lib/cli/terminal.ts");
  return await dispatch(args, createTerminal());
}
