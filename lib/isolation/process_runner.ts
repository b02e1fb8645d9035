/**
 * Runs a worker in a child process: the supervisor's end of the pipe. One child runs one instance, so that killing a
 * process that is blocked or uses too much memory affects no other instance; a slot does not see the difference between
 * a process and an isolate.
 *
 * What can fail, and what covers it: the child does not start, or ends (`failed`, with its exit code or signal); it
 * outlives the server (the pipe closes, which its main isolate notices even while its service blocks); it leaves programs
 * behind (it leads a process group, which is killed).
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { granted } from "./grant.ts";
import type { Permissions } from "../spec/permissions.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { commandAs, handOver, identityOf } from "./identity.ts";
import type { Runner, RunnerEvents } from "./runner.ts";
import { settleWithin } from "../base/settle.ts";
import { failure, InstanceError } from "./instance_error.ts";
import { lockFileIn, makeChildCache, removeChildCache } from "./child_cache.ts";
import { childArguments, projectConfig, whyNoChild } from "./command_line.ts";
import { logOutput } from "./child_output.ts";
import { warmCache } from "./warm_cache.ts";
import { MessagePipe, PIPE_DESCRIPTOR } from "./message_pipe.ts";

/** How long after the end of a process its last messages are awaited: not every pipe reports its end. */
const LAST_WORDS_MS = 300;

/** Why a child that runs as another user may say nothing at all, from source. */
const UNREADABLE = "; its user must be able to read these sources and Deno's cache";

/**
 * When glibc's allocator takes memory from the system for a buffer of its own, and when it gives free memory back, in
 * bytes. Left to itself it learns both from what a process happens to free as it starts, and may then return and fetch
 * memory for every few frames of 16 KiB. The environment may say otherwise.
 */
const ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(16 * 1024 * 1024),
};

/** How a child process is started and ended. */
export interface ProcessOptions {
  /** The deno.json by which its imports resolve. @default {that of the running program} */
  config?: string;
  /** The permissions of the process itself. @default {those of its service} */
  permissions?: Permissions;
  /** The folder for its Deno cache. @default {one of its own, removed at its end} */
  cache?: string;
  /** Whether compiled code is kept there, and run from there. @default {false} */
  compiled?: boolean;
  /** Where the output of its code goes. @default {"log"} */
  output?: "log" | "stderr";
  /** How long it may take to end its own children before it is killed, in milliseconds. @default {0} */
  graceMs?: number;
}

/** Starts a child process. @throws {InstanceError} If it cannot be started here. */
export function spawnProcess(events: RunnerEvents, spec: WorkerSpec, options: ProcessOptions = {}): Runner {
  const why = whyNoChild();
  if (why !== undefined) {
    throw new InstanceError(
      failure("no_process", `Cannot start a process: ${why}; use isolation: worker`),
    );
  }
  const permissions = options.permissions ?? spec.permissions ?? {};
  const { config = projectConfig() } = options;
  const source = options.cache === undefined ? warmCache(config, spawnInto) : undefined;
  const compiled = options.compiled ?? source !== undefined;
  const ownCache = options.cache === undefined
    ? makeChildCache("copied", config, { source, compiled })
    : undefined;
  const cache = options.cache ?? ownCache;
  const identity = identityOf(spec);
  handOver(ownCache, identity);
  const [program, args, startAs] = commandAs(
    identity,
    [
      Deno.execPath(),
      childArguments(permissions, {
        config,
        lock: lockFileIn(cache),
        compiled: compiled && cache !== undefined,
      }),
    ],
    spec,
  );
  const child = spawn(program, args, {
    ...startAs,
    // Not the standard streams for messages: the service's code may write there.
    stdio: options.output === "stderr" ? ["ignore", 2, 2, "pipe"] : ["ignore", "pipe", "pipe", "pipe"],
    // Signals from the terminal are for the server only.
    detached: true,
    env: {
      ...ALLOCATOR,
      ...(granted({ name: "env" }) ? Deno.env.toObject() : {}),
      ...(cache === undefined ? {} : { DENO_DIR: cache }),
      // What it prints is for the log.
      NO_COLOR: "1",
    },
  });
  const { service } = spec;
  if (child.stdout) void logOutput(child.stdout, { service, level: "info" });
  if (child.stderr) void logOutput(child.stderr, { service, level: "warning" });
  const ended = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<void>();
  let over = false;
  let hasSpoken = false;
  let late: ReturnType<typeof setTimeout> | undefined;
  const socket = child.stdio[PIPE_DESCRIPTOR] as unknown as Socket | undefined;
  const pipe = socket && new MessagePipe(socket, {
    message(value) {
      hasSpoken = true;
      if (!over) events.message(value);
    },
    badLine(error) {
      if (!over) events.badMessage(error.message);
    },
    closed: heard.resolve,
  });
  child.on("error", (error: Error) => {
    if (!over) events.failed(error);
    if (child.pid === undefined) gone();
  });
  child.on("exit", (code: number | null, signal: string | null) => {
    clearTimeout(late);
    gone();
    const hint = identity !== undefined && !hasSpoken && !Deno.build.standalone ? UNREADABLE : "";
    const how = signal === null ? `exit code ${code}` : signal;
    const lost = new InstanceError(
      failure("process_ended", `The instance lost its process: ${how}${hint}`),
    );
    // Messages may still be in the pipe.
    settleWithin(heard.promise, LAST_WORDS_MS).then(() => {
      pipe?.close();
      if (!over) events.failed(lost);
      over = true;
    });
  });
  function gone(): void {
    removeChildCache(ownCache);
    ended.resolve();
  }
  return {
    pid: child.pid ?? 0,
    ended: ended.promise,
    get queuedBytes() {
      return pipe?.queuedBytes ?? 0;
    },
    post(message: ToWorker): void {
      // A message to a child that has just ended is lost, as with an isolate.
      if (!over) pipe?.post(message);
    },
    terminate(): void {
      over = true;
      const { graceMs = 0 } = options;
      if (graceMs === 0 || !pipe?.isOpen) return kill(child);
      pipe.close();
      late = setTimeout(() => kill(child), graceMs);
    },
  };
}

function spawnInto(events: RunnerEvents, spec: WorkerSpec, cache: string): Runner {
  return spawnProcess(events, spec, { cache, compiled: true });
}

/** Kills a child and, where permitted, whatever it has started. */
function kill(child: ChildProcess): void {
  try {
    if (child.exitCode === null && child.signalCode === null) Deno.kill(-child.pid!, "SIGKILL");
  } catch { /* no such group, no permission for groups, no groups on this system */ }
  child.kill("SIGKILL");
}
