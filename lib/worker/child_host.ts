/**
 * The child process's end of the pipe: its main isolate passes messages between the supervisor and the isolate of the
 * one instance that it hosts. It runs none of the user's code, so that it can always react to what must not wait: the
 * end of the server, the memory of the process, signals.
 *
 * @module
 */

import { toErrorRecord } from "../base/error_record.ts";
import { type MessagePipe, openChildEnd } from "../isolation/message_pipe.ts";
import { spawnIsolate } from "../isolation/worker_runner.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { removeFolder } from "../isolation/pool_folder.ts";
import { settleWithin } from "../base/settle.ts";
import { MemoryWatch } from "./memory_watch.ts";

/** How often memory is read where it has a limit: it grows unseen for at most this long. */
const WATCH_MS = 50;
/** The same for a process of a pool while it does not grow: there may be hundreds of them. */
const REST_MS = 200;
/** Less does not count as growth. */
const GROWTH_BYTES = 4 * 1024 ** 2;
/** How often memory is read only for `status`, and the server is checked for: an idle child should rest. */
const LOOK_MS = 1_000;
/** How long the server may take to end a process that uses too much memory. */
const GRACE_MS = 100;
/** How long the processes of a pool may take to end. */
const POOL_END_MS = 500;

/** What only the server acts on: those that are sent to a whole group of processes reach its children, too. */
const SERVER_SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** What a child runs. */
interface Hosted {
  post(message: ToWorker): void;
  /** Ends what it has started. */
  end?(): Promise<void>;
}

/** There is no server to be the child of; `code` is `no_server`. */
export class NoServerError extends Error {
  override readonly name = "NoServerError";
  readonly code = "no_server";
}

/** Whether the server of this process id started this process. */
export function isChildOf(serverPid: number): boolean {
  return Deno.ppid === serverPid;
}

/**
 * Hosts an instance until the server ends or closes the pipe.
 *
 * @param serverPid The id of the server's process.
 * @throws {NoServerError} If there is no pipe.
 */
export async function hostInstance(serverPid: number): Promise<void> {
  if (!isChildOf(serverPid)) {
    throw new NoServerError("Cannot run this command without a server: only the server starts it");
  }
  const gone = Promise.withResolvers<void>();
  // The server gets the same signals, and stops its children itself after they have drained.
  for (const signal of SERVER_SIGNALS) listenTo(signal, () => {});
  listenTo("SIGHUP", () => send({ type: "restart_wanted" }));
  let hosted: Hosted | undefined;
  pipe = openChildEnd({
    message: (value) => take(value as ToWorker),
    badLine: () => gone.resolve(),
    closed: gone.resolve,
  });
  function take(message: ToWorker): void {
    if (message.type === "load") {
      const { spec } = message;
      const isPool = spec.isolation === "connection" && spec.handoffSocket === undefined;
      hosted ??= isPool ? hostPool(spec) : host(spec);
      watch({
        // The limit is for the service's code, and a pool itself runs none.
        limitBytes: isPool ? 0 : spec.limits.memoryBytes,
        restMs: spec.handoffSocket === undefined ? WATCH_MS : REST_MS,
        looked() {
          // A pipe closed at the other end with unread data reports no end.
          if (!isChildOf(serverPid)) gone.resolve();
        },
      });
    }
    hosted?.post(message);
  }
  await gone.promise;
  await hosted?.end?.();
  endGroup();
}

/** Imported only where it is needed. */
function hostPool({ pool }: WorkerSpec): Hosted {
  const loading = import("../pool/pool_instance.ts").then(({ PoolInstance }) => new PoolInstance(send));
  return {
    post: (message) => void loading.then((instance) => instance.handle(message)),
    async end() {
      await settleWithin(loading.then((instance) => instance.end()), POOL_END_MS);
      removeFolder(pool!.folder!);
    },
  };
}

function host(spec: WorkerSpec): Hosted | undefined {
  try {
    return spawnIsolate({
      message: relay,
      badMessage: (what) => send({ type: "crashed", error: toErrorRecord(new TypeError(what)) }),
      failed: (error) => send({ type: "crashed", error: toErrorRecord(error) }),
    }, spec);
  } catch (error) {
    send({ type: "load_failed", error: toErrorRecord(error) });
    return undefined;
  }
}

/** Looks at the memory of this process again and again; one timer is all that runs in an idle child. */
function watch(
  { limitBytes, restMs, looked }: { limitBytes: number; restMs: number; looked(): void },
): void {
  const memory = new MemoryWatch(limitBytes);
  let before = 0;
  const look = () => {
    looked();
    const rssBytes = Deno.memoryUsage().rss;
    const grows = rssBytes - before >= GROWTH_BYTES;
    before = rssBytes;
    setTimeout(look, limitBytes === 0 ? LOOK_MS : grows ? WATCH_MS : restMs);
    const grade = memory.take(rssBytes, performance.now());
    if (grade === undefined) return;
    send({ type: "memory", rssBytes, grade });
    // The server acts sooner, unless it is busy.
    if (grade === "over") setTimeout(endGroup, GRACE_MS);
  };
  look();
}

/** The pipe to the server. */
let pipe: MessagePipe | undefined;

function send(message: FromWorker): void {
  pipe?.post(message);
}

/** Passes on what the instance sent; the server checks it. */
function relay(message: unknown): void {
  try {
    pipe?.post(message as FromWorker);
  } catch (error) {
    send({ type: "crashed", error: toErrorRecord(error) });
  }
}

function listenTo(signal: Deno.Signal, listener: () => void): void {
  try {
    Deno.addSignalListener(signal, listener);
  } catch { /* this system does not have the signal */ }
}

/** Ends this process at once, and, where permitted, what the service has started. */
function endGroup(): void {
  try {
    Deno.kill(-Deno.pid, "SIGKILL");
  } catch { /* see below */ }
  Deno.kill(Deno.pid, "SIGKILL");
}
