/**
 * Starting a server: its log, its control socket, its services.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { loadConfigAside } from "../config/load_aside.ts";
import { whyNoChild } from "../isolation/command_line.ts";
import { ControlSocket } from "../control/control_socket.ts";
import { configureLog, type LogWriter, serverLog } from "../log/log.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import { ANOTHER_LISTENS, hasUnixSockets } from "../transport/unix_socket.ts";
import { Supervisor, type SupervisorOptions } from "../supervisor/supervisor.ts";
import { problemOf, StartError } from "../supervisor/supervisor_error.ts";

/** How a server is started. */
export interface StartOptions extends SupervisorOptions {
  /** Ends the start when it is aborted: what has begun is stopped, and no socket is left. */
  signal?: AbortSignal;
}

/**
 * Starts a server with a loaded configuration: its log, its control socket, its services.
 *
 * @throws {StartError} With everything that keeps it from starting; nothing runs then.
 */
export async function startServer(config: Config, options: StartOptions = {}): Promise<Supervisor> {
  const log = openLog(config);
  const { signal, ...supervisorOptions } = options;
  const supervisor: Supervisor = new Supervisor(config, {
    isolation: chooseIsolation(config),
    // Services run meanwhile, and are watched over.
    loadConfig: loadConfigAside,
    ...supervisorOptions,
    reopenLog: () => log.reopen(),
    reloaded(next) {
      log.setLevel(next.log.level);
      supervisor.reopenLog();
      options.reloaded?.(next);
    },
  });
  supervisor.defer(() => log.close());
  warnOfRoot(config);
  const abort = () => void supervisor.stop({ immediate: true });
  try {
    await openControl(config, supervisor);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    await supervisor.start();
  } catch (error) {
    await supervisor.stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  return supervisor;
}

/** The code of a service has the rights of its user on the system: as root, all of them. */
function warnOfRoot({ services }: Config): void {
  if (!isRoot()) return;
  const names = Object.values(services).filter(({ user }) => user === undefined).map(({ name }) => name);
  if (names.length === 0) return;
  serverLog().warning(
    "The server runs as root, and so do {services}: give them a user, as in defaults: {{ user: nobody }",
    {
      services: names.join(", "),
    },
  );
}

function isRoot(): boolean {
  try {
    return Deno.uid() === 0;
  } catch {
    // Without the permission to ask there is no warning.
    return false;
  }
}

/** A process for each instance, wherever the system and the permissions allow that. */
function chooseIsolation({ services }: Config): Isolation {
  const why = whyNoChild();
  if (why === undefined) return "process";
  if (Object.values(services).some(({ isolation }) => isolation === undefined)) {
    serverLog().warning("Services run as workers in one process: {why}", { why });
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

/** Opened first, so that a second server with the same configuration fails with a clear error. */
async function openControl({ file, control }: Config, supervisor: Supervisor): Promise<void> {
  if (control === false) {
    if (file !== undefined && !hasUnixSockets) {
      serverLog().info("No control socket: on this system there is none unless the configuration names one");
    }
    return;
  }
  try {
    const socket = await ControlSocket.open(control, supervisor);
    supervisor.defer(() => socket.close());
  } catch (error) {
    const problem = problemOf("control", error);
    if (problem.error.message.endsWith(ANOTHER_LISTENS)) problem.error.message += OTHER_CONTROL;
    throw new StartError("start", [problem]);
  }
}

const OTHER_CONTROL =
  "; a second configuration in the same folder needs a socket of its own, such as control: ./second.sock";
