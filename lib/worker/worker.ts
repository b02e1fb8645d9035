/**
 * The entry of a worker isolate. Small, so that it starts quickly; the rest is imported when it is told what to run.
 *
 * Whatever would end the isolate without the supervisor's knowledge is reported to it instead: `Deno.exit`,
 * `self.close`, uncaught errors, unhandled rejections. The heartbeat finds what cannot be reported.
 *
 * @module
 */

import { closeInternals } from "./close_internals.ts";
import { interceptSignals } from "./own_process.ts";
import { guardWorkers } from "./worker_guard.ts";
import { toErrorRecord } from "../base/error_record.ts";
import { adviseInRecord } from "../spec/permission_advice.ts";
import type { Instance } from "../service/instance.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
const postToSupervisor = scope.postMessage.bind(scope);
// The service's code does not talk to the supervisor: it publishes, logs and counts through its context.
scope.postMessage = () => {};
let instance: Instance | undefined;
let loading: Promise<Instance> | undefined;
let over = false;

Deno.exit = (code?: number): never => {
  end({ type: "exited", how: `Deno.exit(${code ?? ""})` });
  throw ending("Deno.exit");
};
scope.close = () => end({ type: "exited", how: "self.close()" });

addEventListener("error", (event) => {
  event.preventDefault();
  end({ type: "crashed", error: toErrorRecord(event.error ?? event.message) });
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  end({ type: "crashed", error: toErrorRecord(event.reason) });
});

// A listener, and the first: the service's code neither calls it nor hears what it hears.
addEventListener("message", (event) => {
  if (!event.isTrusted) return;
  event.stopImmediatePropagation();
  const { data } = event as MessageEvent<ToWorker>;
  if (instance) return instance.handle(data);
  loading ??= load(data);
  loading.then((loaded) => loaded.handle(data));
});

async function load(first: ToWorker): Promise<Instance> {
  if (first.type === "load" && first.spec.isolation === "worker") {
    interceptSignals((how) => {
      end({ type: "exited", how });
      throw ending(how);
    });
  }
  if (Deno.build.standalone) (await import("./import_guard.ts")).guardImports();
  guardWorkers();
  closeInternals();
  const { Instance } = await import("../service/instance.ts");
  const { ImportedFiles } = await import("../service/imported_files.ts");
  const files = new ImportedFiles();
  files.record();
  return instance = new Instance(post, files);
}

function post(message: FromWorker): void {
  if (!over) postToSupervisor(advised(message));
}

/** Adds to errors of missing permissions how the configuration grants them. */
function advised(message: FromWorker): FromWorker {
  return "error" in message ? { ...message, error: adviseInRecord(message.error) } : message;
}

/** Nothing after the call may run; the supervisor ends the isolate. */
function ending(how: string): Error {
  return new Error(`The isolate is ending: ${how} was called`);
}

/** Sends the last message, once no more connections come in. */
function end(message: FromWorker): void {
  if (over) return;
  const abandoned = instance?.abandon();
  over = true;
  Promise.resolve(abandoned).catch(() => {}).then(() => postToSupervisor(advised(message)));
}
