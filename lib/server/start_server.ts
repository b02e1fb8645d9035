/**
 * Starting a server: its log, its control socket, its services.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { whyNoChild } from "../isolation/command_line.ts";
import { serveControl } from "../control/control_server.ts";
import { configureLog, type LogWriter, serverLog } from "../log/log.ts";
import type { Isolation } from "../spec/worker_spec.ts";
import { ANOTHER_LISTENS, hasUnixSockets } from "../transport/unix_socket.ts";
import { Supervisor, type SupervisorOptions } from "../supervisor/supervisor.ts";
import { problemOf, StartError } from "../supervisor/supervisor_error.ts";

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
  warnOfRoot(config);
  try {
    await openControl(config, supervisor);
    await supervisor.start();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return supervisor;
}

/** What a service's code does on the system it does as its user: as root there is nothing that it may not. */
function warnOfRoot({ services }: Config): void {
  if (!isRoot()) return;
  const names = Object.values(services).filter(({ user }) => user === undefined).map(({ name }) => name);
  if (names.length === 0) return;
  serverLog().warning(
    "Runs as root, and so do {services}: give them a user, as in defaults: {{ user: nobody }",
    {
      services: names.join(", "),
    },
  );
}

function isRoot(): boolean {
  try {
    return Deno.uid() === 0;
  } catch {
    // Not permitted to ask, so nothing that would be told runs as root unasked.
    return false;
  }
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
