/**
 * Downloads what services import into Deno's cache: services run from that cache and download nothing themselves.
 *
 * @module
 */

import { projectConfig } from "../isolation/command_line.ts";
import type { Config } from "../config/mod.ts";
import { CommandError } from "./errors.ts";

/** Downloads everything that the modules of a configuration import. @throws {CommandError} If Deno cannot. */
export async function fetchModules(config: Config): Promise<void> {
  if (Deno.build.standalone) {
    throw new CommandError(
      "Cannot fetch packages: this executable resolves relative imports and @protohost/protohost only; " +
        "bundle other packages into one file with deno bundle --external=@protohost/protohost",
    );
  }
  const modules = new Set([
    ...Object.values(config.protocols),
    ...Object.values(config.services).flatMap(({ handler, protocol, hooks }) => [
      handler,
      protocol,
      ...hooks.map((hook) => "module" in hook ? hook.module : undefined),
    ]),
  ].filter((url) => url !== undefined && URL.canParse(url)) as string[]);
  if (modules.size === 0) return;
  const project = projectConfig();
  const { success } = await new Deno.Command(Deno.execPath(), {
    // The lock file of this program has nothing to do with them.
    args: ["cache", "--no-lock", ...(project === undefined ? [] : ["--config", project]), ...modules],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new CommandError("Cannot download what the modules import: see above");
}
