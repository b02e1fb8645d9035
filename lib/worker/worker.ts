/**
 * The entry of a worker isolate. Small, so that it stands at once; the rest is loaded when it is told what to run.
 *
 * What would end the isolate behind the supervisor's back is told to it instead: `Deno.exit`, `self.close`, uncaught
 * errors, unhandled rejections. What cannot be told is found by the heartbeat.
 *
 * @module
 */

import { closeInternals } from "./close_internals.ts";
import { toErrorRecord } from "../base/error_record.ts";
import { adviseInRecord } from "../spec/permission_advice.ts";
import type { Instance } from "../service/instance.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
const postToSupervisor = scope.postMessage.bind(scope);
// The service's code has no business with the supervisor: it publishes, logs and counts by its context.
scope.postMessage = () => {};
let instance: Instance | undefined;
let loading: Promise<Instance> | undefined;
let over = false;

Deno.exit = (code?: number): never => {
  end({ type: "exited", how: `Deno.exit(${code ?? ""})` });
  // Nothing behind the call may run; the supervisor ends the isolate.
  throw new Error("The isolate is about to end: Deno.exit was called");
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

scope.onmessage = ({ data }) => {
  if (instance) return instance.handle(data);
  loading ??= load();
  loading.then((loaded) => loaded.handle(data));
};

async function load(): Promise<Instance> {
  if (Deno.build.standalone) (await import("./import_guard.ts")).guardImports();
  closeInternals();
  const { Instance } = await import("../service/instance.ts");
  return instance = new Instance(post);
}

function post(message: FromWorker): void {
  if (!over) postToSupervisor(advised(message));
}

/** What the service is not permitted, the configuration can permit: errors say how. */
function advised(message: FromWorker): FromWorker {
  return "error" in message ? { ...message, error: adviseInRecord(message.error) } : message;
}

/** Says the last words, once no more connections come in. */
function end(message: FromWorker): void {
  if (over) return;
  const abandoned = instance?.abandon();
  over = true;
  Promise.resolve(abandoned).catch(() => {}).then(() => postToSupervisor(advised(message)));
}
