/**
 * A whole server in one call: configuration, log, services, control socket.
 *
 * @module
 */

import type { ConfigInput } from "../config/config_input.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";

/** How a configuration object is read. */
export interface ServeOptions {
  /**
   * The folder that paths are relative to: its path, or its URL.
   *
   * @default {the current folder}
   */
  base?: string | URL;
}

/**
 * Serves a configuration: the path of a YAML file, or the same as an object. Resolves once every service serves. Signals
 * are left to the program.
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
  // Loaded on use: services import this module too, nearly always for something else.
  const { loadConfig, resolveConfig } = await import("../config/mod.ts");
  const { startServer } = await import("./start_server.ts");
  if (typeof config === "string") return await startServer(await loadConfig(config));
  return await startServer(resolveConfig(config, { base: options.base ?? Deno.cwd() }));
}
