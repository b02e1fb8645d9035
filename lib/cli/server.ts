/**
 * A server from its start to its end, as `serve` and `run` have it: banner, signals, watch.
 *
 * Signals: HUP reloads; TERM and INT drain; a second TERM or INT ends at once. A signal that this system does not have
 * is done without.
 *
 * @module
 */

import { type Config, ConfigError } from "../config.ts";
import { parseEndpoint } from "../endpoint.ts";
import { Supervisor } from "../supervisor.ts";
import { formatBanner } from "./banner.ts";
import { CommandError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { requirePermissions } from "./permissions.ts";
import type { Terminal } from "./terminal.ts";
import { watch } from "./watch.ts";
import { planWatch, type WatchAction } from "./watch_plan.ts";

/** How long a second signal waits for connections to be cut and sockets to be unlinked. */
const END_AT_ONCE_MS = 1000;

/** How a server is run. */
export interface RunServerOptions {
  /**
   * Restart services when their code changes.
   *
   * @default {false}
   */
  watch?: boolean;
}

/**
 * Makes a configuration to start with.
 *
 * @throws {CommandError} With all that is wrong with it.
 */
export async function loadForStart(load: () => Config | Promise<Config>): Promise<Config> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(`Cannot start:\n${error.message}`, { cause: error, exitCode: EXIT.cannotStart });
  }
}

/**
 * Runs a server until it has stopped. Answers the exit code.
 *
 * @throws {CommandError} If it cannot start.
 */
export async function runServer(
  config: Config,
  terminal: Terminal,
  options: RunServerOptions = {},
): Promise<ExitCode> {
  requirePermissions(...permissionsFor(config));
  const supervisor = new Supervisor(config);
  const atOnce = Promise.withResolvers<ExitCode>();
  const ended = new AbortController();
  let stopping = false;

  function stop(exitCode: ExitCode): void {
    if (stopping) {
      const timeout = AbortSignal.timeout(END_AT_ONCE_MS);
      timeout.onabort = () => atOnce.resolve(exitCode);
      supervisor.stop({ immediate: true }).finally(() => atOnce.resolve(exitCode));
      return;
    }
    stopping = true;
    terminal.complain("Stopping, once open connections have finished; again to end at once");
    supervisor.stop().catch(atOnce.reject);
  }

  try {
    await supervisor.start();
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error, exitCode: EXIT.cannotStart });
  }
  onSignal("SIGHUP", () => void reload(supervisor), ended.signal);
  onSignal("SIGTERM", () => stop(EXIT.terminated), ended.signal);
  onSignal("SIGINT", () => stop(EXIT.interrupted), ended.signal);
  terminal.print(formatBanner(supervisor.status(), terminal.paint));
  const watching = options.watch
    ? watch({
      signal: ended.signal,
      plan: () => planWatch(supervisor.config),
      act: (action) => act(supervisor, action),
    })
    : undefined;
  try {
    return await Promise.race([supervisor.finished.then(() => EXIT.ok), atOnce.promise]);
  } finally {
    ended.abort();
    await watching;
  }
}

function permissionsFor(config: Config): Deno.PermissionDescriptor[] {
  const addresses = Object.values(config.services).flatMap((service) => service.listen).map(parseEndpoint);
  const control: Deno.PermissionDescriptor[] = config.control === false
    ? []
    : [{ name: "read", path: config.control }, { name: "write", path: config.control }];
  return [
    ...addresses.map((endpoint): Deno.PermissionDescriptor =>
      endpoint.transport === "unix"
        ? { name: "write", path: endpoint.path }
        : { name: "net", host: `${endpoint.hostname}:${endpoint.port}` }
    ),
    ...control,
  ];
}

async function act(supervisor: Supervisor, action: WatchAction): Promise<void> {
  if (action.type === "reload") return await reload(supervisor);
  for (const service of action.services) {
    // What went wrong stands in the log, and the old code goes on.
    await supervisor.restart(service).catch(() => {});
  }
}

async function reload(supervisor: Supervisor): Promise<void> {
  await supervisor.reload().catch(() => {});
}

function onSignal(name: Deno.Signal, listener: () => void, signal: AbortSignal): void {
  try {
    Deno.addSignalListener(name, listener);
  } catch {
    // Windows has no TERM and no HUP.
    return;
  }
  signal.addEventListener("abort", () => Deno.removeSignalListener(name, listener), { once: true });
}
