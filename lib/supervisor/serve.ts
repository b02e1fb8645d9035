/**
 * A whole server in one call: configuration, log, services in workers, control socket.
 *
 * @module
 */

import { resolveConfig } from "../config/draft.ts";
import { loadConfig } from "../config/load.ts";
import type { ConfigInput } from "../config/input.ts";
import type { Config } from "../config/types.ts";
import { whyNoChild } from "../isolation/command_line.ts";
import { serveControl } from "../control/server.ts";
import { configureLog, type LogWriter, serverLog } from "../log/log.ts";
import type { Isolation } from "../messages.ts";
import { ANOTHER_LISTENS, hasUnixSockets } from "../transport/unix_socket.ts";
import { Supervisor, type SupervisorOptions } from "./supervisor.ts";
import { problemOf, StartError } from "./supervisor_error.ts";

/** How a configuration made in code is read. */
export interface ServeOptions {
  /**
   * The folder that relative paths start from: its path, or its URL.
   *
   * @default {the current folder}
   */
  base?: string | URL;
}

/**
 * Serves a configuration: a YAML file's path, or the same as an object. Answers once every service serves. Signals are
 * left to the program.
 *
 * ```ts no-eval
 * import { serve } from "@protohost/protohost";
 *
 * const server = await serve({ services: { mirror: { listen: "echo://127.0.0.1:7007" } } });
 * console.log(server.status().services[0].addresses); // ["echo://127.0.0.1:7007"]
 * await server.stop();
 * ```
 *
 * @throws {ConfigError} With everything that is wrong with the configuration.
 * @throws {StartError} With everything that keeps the services from starting; nothing runs then.
 */
export async function serve(config: ConfigInput | string, options: ServeOptions = {}): Promise<Supervisor> {
  if (typeof config === "string") return await startServer(await loadConfig(config));
  return await startServer(resolveConfig(config, { base: options.base ?? Deno.cwd() }));
}

/**
 * Starts a server by a configuration that has been read: its log, its control socket, its services.
 *
 * @throws {StartError} With everything that keeps it from starting; nothing runs then.
 */
export async function startServer(config: Config, options: SupervisorOptions = {}): Promise<Supervisor> {
  const log = openLog(config);
  const supervisor = new Supervisor(config, {
    isolation: chooseIsolation(config),
    ...options,
    reloaded(next) {
      log.setLevel(next.log.level);
      log.reopen();
      options.reloaded?.(next);
    },
  });
  supervisor.defer(() => log.close());
  try {
    await openControl(config, supervisor);
    await supervisor.start();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return supervisor;
}

/** A process for each instance, wherever one can be had. */
function chooseIsolation({ services }: Config): Isolation {
  const why = whyNoChild();
  if (why === undefined) return "process";
  if (Object.values(services).some(({ isolation }) => isolation === undefined)) {
    serverLog().warning("Services run as workers of one process: {why}", { why });
  }
  return "worker";
}

function openLog({ log }: Config): LogWriter {
  try {
    return configureLog(log);
  } catch (cause) {
    const error = new Error(`Cannot write to ${log.file}: ${(cause as Error).message}`, { cause });
    throw new StartError("start", [problemOf("log.file", error)]);
  }
}

/** First of all, so that a second server by the same configuration is told that there is one. */
async function openControl({ file, control }: Config, supervisor: Supervisor): Promise<void> {
  if (control === false) {
    if (file !== undefined && !hasUnixSockets) {
      serverLog().info("There is no control socket on this system unless the configuration names one");
    }
    return;
  }
  try {
    const server = await serveControl(control, supervisor);
    supervisor.defer(() => server.close({ immediate: true }));
  } catch (error) {
    const problem = problemOf("control", error);
    if (problem.error.message.endsWith(ANOTHER_LISTENS)) problem.error.message += OTHER_CONTROL;
    throw new StartError("start", [problem]);
  }
}

const OTHER_CONTROL =
  "; for a second configuration in the same folder, name a socket of its own there, as in control: ./second.sock";
