/**
 * Loads every service of a configuration in workers as a start would, binds nothing, and ends them again.
 *
 * @module
 */

import { Bus } from "../bus.ts";
import type { Config, ServiceConfig } from "../config.ts";
import { formatEndpoint } from "../endpoint.ts";
import { type ErrorRecord, toErrorRecord } from "../error_record.ts";
import { Generation } from "../generation.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import { spawnIsolate } from "../isolate.ts";
import { DEFAULT_TIMING } from "../timing.ts";

/** What came of loading a service. JSON-safe. */
export type LoadedService =
  & { service: ServiceConfig }
  & ({ loaded: true; addresses: string[]; protocols: string[]; hooks: HookDescription[] } | {
    loaded: false;
    error: ErrorRecord;
  });

/** Loads all services side by side; never rejects. */
export async function loadServices(config: Config): Promise<LoadedService[]> {
  return await Promise.all(Object.values(config.services).map((service) => loadService(service, config)));
}

async function loadService(service: ServiceConfig, config: Config): Promise<LoadedService> {
  // One instance is as good as many: they load the same.
  const generation = new Generation({ ...service, instances: 1 }, config, 1, {
    spawn: spawnIsolate,
    timing: DEFAULT_TIMING,
    bus: new Bus(),
    portSharing: false,
    isolation: "worker",
  });
  try {
    await generation.load();
    const { requested, protocols, hooks } = generation;
    return { service, loaded: true, addresses: requested.map(formatEndpoint), protocols, hooks };
  } catch (error) {
    return { service, loaded: false, error: toErrorRecord(error) };
  } finally {
    await generation.stop();
  }
}
