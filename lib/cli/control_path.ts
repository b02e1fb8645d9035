/**
 * Finds the control socket of a running server.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import { checkFile } from "../config/load_config.ts";
import { folderUrl } from "../config/paths.ts";
import { resolveControl } from "../config/resolve_config.ts";
import { CommandError } from "./errors.ts";
import { EXIT } from "./exit_codes.ts";
import { findConfig } from "./find_config.ts";

/** What tells which server is meant. */
export interface ServerFlags {
  /** Its configuration file. */
  config?: string;
  /** Its control socket. */
  control?: string;
}

/**
 * The absolute path of a server's control socket: the one given, or that of its configuration. The rest of the
 * configuration may be broken: the running server read it before that.
 *
 * @throws {CommandError} If there is no configuration, or it has no control socket.
 */
export async function findControlPath(flags: ServerFlags): Promise<string> {
  if (flags.control !== undefined) return resolve(flags.control);
  const file = await findConfig(flags.config, flags.config === undefined ? EXIT.noServer : EXIT.usage);
  const { tree } = await checkFile(file);
  const given = (tree as { control?: unknown } | undefined | null)?.control;
  const path = resolveControl(
    typeof given === "string" || given === false ? given : undefined,
    folderUrl(dirname(file)),
    file,
  );
  if (path !== false) return path;
  const why = given === undefined
    ? "on this system there is none unless the configuration names one as control"
    : "control is false";
  throw new CommandError(`The server of ${file} has no control socket: ${why}`, {
    exitCode: EXIT.noServer,
  });
}
