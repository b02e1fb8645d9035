/**
 * From the configuration of a service to the specifications of its workers. Pure.
 *
 * @module
 */

import { defined } from "../base/defined.ts";
import { hooksSpec } from "../config/resolve_hooks.ts";
import type { Config, ServiceConfig } from "../config/config.ts";
import { type Endpoint, isSharable, parseEndpoint } from "../contract/endpoint.ts";
import type { Isolation, WorkerSpec } from "../spec/worker_spec.ts";
import { DEFAULT_POOL, sharePool } from "../spec/pool_spec.ts";
import { serviceSpec } from "../spec/service_spec.ts";
import { permissionsOf } from "./service_permissions.ts";

/** The number of a generation, and how many instances it has. */
export interface GenerationNumbers {
  /** From 1. */
  generation: number;
  instances: number;
  /** What the instances run in. */
  isolation: Isolation;
}

/** The specification of each instance, in order. */
export function workerSpecs(
  service: ServiceConfig,
  config: Config,
  numbers: GenerationNumbers,
): WorkerSpec[] {
  const { generation, instances, isolation } = numbers;
  return Array.from({ length: instances }, (_, instance) =>
    defined({
      ...serviceSpec(service),
      service: service.name,
      generation,
      instance,
      hooks: service.hooks.length === 0 ? undefined : hooksSpec(service),
      isolation,
      pool: isolation === "connection"
        ? {
          ...sharePool(service.pool ?? DEFAULT_POOL, instances),
          permissions: permissionsOf(service, config, { listens: false }),
        }
        : undefined,
      permissions: permissionsOf(service, config),
      limits: service.limits,
      protocols: config.protocols,
      base: config.base,
      logLevel: config.log.level,
      logFlood: config.log.flood,
    }));
}

/** How many instances can serve the addresses of a service: one if no address can be shared. */
export function usefulInstances(service: ServiceConfig): number {
  if (service.listen.length === 0) return service.instances;
  return service.listen.some((address) => isSharable(parseEndpoint(address))) ? service.instances : 1;
}

/** A key that two endpoints share if only one of them can be bound. */
export function endpointKey(endpoint: Endpoint): string {
  if (endpoint.transport === "unix") return `unix ${endpoint.path}`;
  return `${endpoint.transport === "udp" ? "udp" : "tcp"} ${endpoint.hostname} ${endpoint.port}`;
}
