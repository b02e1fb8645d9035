/**
 * A server from start to end, for `serve` and `run`: signals, banner, watch.
 *
 * ```text
 * signal           while it starts              while it runs        while it drains
 * HUP              reload once it runs          reload               nothing
 * USR2             the same, all services       reload all services  nothing
 * USR1             reopen the log once it runs  reopen the log       reopen the log
 * TERM, INT, QUIT  end what has started, exit   drain                cut connections, exit within a second
 * ```
 *
 * @module
 */

import { type Config, ConfigError } from "../config/mod.ts";
import { formatAddr, parseEndpoint } from "../contract/endpoint.ts";
import { descriptorsOf } from "../spec/permissions.ts";
import { type StartOptions, startServer } from "../server/start_server.ts";
import type { ReloadOptions } from "../supervisor/reloads.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { StartError } from "../supervisor/supervisor_error.ts";
import { formatBanner } from "./banner.ts";
import { CommandError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { requirePermissions } from "./permission_advice.ts";
import { onSignal } from "./signals.ts";
import type { Terminal } from "./terminal.ts";
import { watch } from "./watch.ts";
import { planWatch, type WatchAction } from "./watch_plan.ts";

/** How long a second signal waits for connections to be cut and sockets to be removed: a busy worker never answers. */
const END_AT_ONCE_MS = 1000;

/** How long a signal during the start waits for what has started to end. */
const END_START_MS = 3000;

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
 * Loads a configuration to start with.
 *
 * @throws {CommandError} With all of its problems.
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
 * Runs a server until it has stopped. Returns the exit code.
 *
 * @throws {CommandError} If it cannot start.
 */
export async function runServer(
  config: Config,
  terminal: Terminal,
  options: RunServerOptions = {},
): Promise<ExitCode> {
  requirePermissions(...permissionsFor(config));
  const atOnce = Promise.withResolvers<ExitCode>();
  const ended = new AbortController();
  const starting = new AbortController();
  let supervisor: Supervisor | undefined;
  let draining = false;
  let outcome: ExitCode = EXIT.ok;

  function stop(signalled: ExitCode): void {
    if (!supervisor) {
      if (starting.signal.aborted) return atOnce.resolve(signalled);
      outcome = signalled;
      starting.abort();
      // What has started so far is ended, and its sockets are removed.
      setTimeout(() => atOnce.resolve(signalled), END_START_MS);
      return;
    }
    if (draining) {
      outcome = signalled;
      setTimeout(() => atOnce.resolve(signalled), END_AT_ONCE_MS);
    } else {
      terminal.complain("Stopping once open connections have finished; signal again to exit at once");
    }
    supervisor.stop({ immediate: draining }).catch(atOnce.reject);
    draining = true;
  }

  async function startAndServe(): Promise<ExitCode> {
    const begun = start(config, {
      signal: starting.signal,
      progress: (loaded, all) => terminal.complain(`Starting: ${loaded} of ${all} services loaded`),
    });
    const onceStarted = (act: (started: Supervisor) => void) =>
      void begun.then((started) => started && act(started), () => {});
    onSignal("SIGHUP", () => onceStarted(reload), ended.signal);
    onSignal("SIGUSR1", () => onceStarted((started) => started.reopenLog()), ended.signal);
    onSignal("SIGUSR2", () => onceStarted((started) => reload(started, { all: true })), ended.signal);
    onSignal("SIGTERM", () => stop(EXIT.terminated), ended.signal);
    onSignal("SIGQUIT", () => stop(EXIT.quit), ended.signal);
    onSignal("SIGINT", () => stop(EXIT.interrupted), ended.signal);
    const started = supervisor = await begun;
    if (started === undefined) return outcome;
    if (options.watch) {
      const plan = () => planWatch(started.config);
      watch({ signal: ended.signal, plan, act: (action) => act(started, action) }).catch(atOnce.reject);
    }
    terminal.print(formatBanner(started.status(), terminal.paint));
    await started.finished;
    return outcome;
  }

  try {
    return await Promise.race([startAndServe(), atOnce.promise]);
  } finally {
    ended.abort();
  }
}

/** Starts a server; undefined if that was aborted. */
async function start(config: Config, options: StartOptions): Promise<Supervisor | undefined> {
  try {
    return await startServer(config, options);
  } catch (error) {
    if (options.signal?.aborted) return undefined;
    if (!(error instanceof StartError)) throw error;
    throw new CommandError(error.message, { cause: error, exitCode: EXIT.cannotStart });
  }
}

function permissionsFor(config: Config): Deno.PermissionDescriptor[] {
  const addresses = Object.values(config.services).flatMap((service) => service.listen).map(parseEndpoint);
  const sockets = addresses.flatMap((endpoint) => endpoint.transport === "unix" ? [endpoint.path] : []);
  if (config.control !== false) sockets.push(config.control);
  return [
    ...addresses.flatMap((endpoint): Deno.PermissionDescriptor[] =>
      endpoint.transport === "unix"
        ? []
        : [{ name: "net", host: formatAddr({ ...endpoint, transport: "tcp" }) }]
    ),
    // The server can only give services the permissions that it has itself.
    ...Object.values(config.services).flatMap(({ permissions }) => descriptorsOf(permissions ?? {})),
    ...sockets.flatMap((
      path,
    ): Deno.PermissionDescriptor[] => [{ name: "read", path }, { name: "write", path }]),
  ];
}

/** Failures are in the log, and the old code goes on. */
async function act(supervisor: Supervisor, action: WatchAction): Promise<void> {
  if (action.type === "reload") return await reload(supervisor);
  for (const service of action.services) await supervisor.restart(service).catch(() => {});
}

async function reload(supervisor: Supervisor, options: ReloadOptions = {}): Promise<void> {
  await supervisor.reload(undefined, options).catch(() => {});
}
