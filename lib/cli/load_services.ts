/**
 * Loads every service of a configuration as a start does, without listening, and ends them again. None of their callbacks
 * is called, unless that is asked for.
 *
 * @module
 */

import { configureSync, resetSync } from "@logtape/logtape";
import { pooledMap } from "@std/async/pool";
import { Bus } from "../service/service_bus.ts";
import { whyNoChild } from "../isolation/command_line.ts";
import type { Config, ServiceConfig } from "../config/mod.ts";
import { LOG_ROOT } from "../spec/log_spec.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import { Generation } from "../supervisor/generation.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import { spawnProcess } from "../isolation/process_runner.ts";
import { spawnIsolate } from "../isolation/worker_runner.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import type { Runner, RunnerEvents } from "../isolation/runner.ts";
import { RuleActions } from "../supervisor/rule_actions.ts";
import { problemOf } from "../supervisor/supervisor_error.ts";
import { DEFAULT_TIMING } from "../supervisor/timing.ts";

/** The outcome of loading a service. JSON-safe. */
export type LoadedService =
  & {
    service: ServiceConfig;
    /** Log messages of level `warning` and above from loading it. */
    warnings: string[];
  }
  & ({ loaded: true; addresses: string[]; protocols: string[]; hooks: HookDescription[] } | {
    loaded: false;
    error: ErrorRecord;
  });

/** How many services are loaded at a time. */
const AT_ONCE = Math.max(2, navigator.hardwareConcurrency);

/** How services are loaded. */
export interface LoadOptions {
  /**
   * Whether their `onStart` runs, and `onStop` after it.
   *
   * @default {false}
   */
  start?: boolean;
}

/** Loads all services, a few at a time; never rejects. Their `console` writes to stderr. */
export async function loadServices(config: Config, options: LoadOptions = {}): Promise<LoadedService[]> {
  const services = Object.values(config.services);
  const heard = new Map<string, Set<string>>(services.map(({ name }) => [name, new Set()]));
  configureSync({
    reset: true,
    sinks: {
      heard: ({ category, message }) => heard.get(category[1])?.add(message.map(String).join("")),
    },
    loggers: [
      { category: [LOG_ROOT], sinks: ["heard"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], lowestLevel: "warning" },
    ],
  });
  try {
    const loaded = await Array.fromAsync(
      pooledMap(AT_ONCE, services, (service) => loadService(service, config, options)),
    );
    return loaded.map((one) => ({ ...one, warnings: [...heard.get(one.service.name)!] }));
  } finally {
    resetSync();
  }
}

type Outcome = LoadedService extends infer One ? One extends unknown ? Omit<One, "warnings"> : never : never;

async function loadService(
  service: ServiceConfig,
  config: Config,
  { start = false }: LoadOptions,
): Promise<Outcome> {
  let generation: Generation | undefined;
  try {
    // One instance is enough: all of them load the same; so do the processes of a pool.
    const { isolation } = service;
    const one = isolation === "connection" ? { ...service, isolation: "process" as const } : service;
    generation = new Generation({ ...one, instances: 1 }, config, 1, {
      spawn: (events, spec) => spawn(events, spec, { start }),
      timing: DEFAULT_TIMING,
      bus: new Bus(),
      actions: new RuleActions({ publish() {} }),
      portSharing: false,
      // As when serving, so that the code has the same permissions here.
      isolation: whyNoChild() === undefined ? "process" : "worker",
    });
    await generation.load();
    const { requested, protocols, hooks } = generation;
    return { service, loaded: true, addresses: requested.map(formatEndpoint), protocols, hooks };
  } catch (error) {
    return { service, loaded: false, error: problemOf(service.name, error).error };
  } finally {
    await generation?.stop();
  }
}

function spawn(events: RunnerEvents, spec: WorkerSpec, { start = false }: LoadOptions): Runner {
  const runner = whyNoChild() === undefined
    ? spawnProcess(events, spec, { output: "stderr" })
    : spawnIsolate(events, spec);
  return {
    ...runner,
    get queuedBytes() {
      return runner.queuedBytes;
    },
    post(message: ToWorker): void {
      if (message.type !== "load") return runner.post(message);
      const quiet = { ...message.spec, console: "stderr", logLevel: "warning" } as const;
      runner.post({ ...message, spec: start ? quiet : { ...quiet, loadOnly: true } });
    },
  };
}
