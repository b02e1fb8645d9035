/**
 * Replacing services, one or all at once: start, restart and reload are each a rollout.
 *
 * 1. Every candidate loads. Nothing is bound yet, because a bound socket already gets connections.
 * 2. Where ports cannot be shared, the current generations stop listening; their connections stay open.
 * 3. Every candidate listens, one service after the other.
 * 4. Every candidate becomes current; the generations before them stop listening and drain.
 *
 * If anything fails before 4, the candidates are stopped, the current generations listen again where they must, and
 * nothing has changed.
 *
 * @module
 */

import type { Deployment } from "./deployment.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import type { Generation } from "./generation.ts";
import { Limiter } from "./limiter.ts";
import { problemOf, type ServiceProblem } from "./supervisor_error.ts";
import { endpointKey } from "./worker_specs.ts";

/** The change of one service. */
export interface Change {
  deployment: Deployment;
  /** The candidate; absent for a service that is removed. */
  next?: Generation;
}

export interface RolloutOptions {
  /** Whether two generations can listen at the same port. */
  portSharing: boolean;
  /** The services that stay as they are, with their addresses. */
  kept?: readonly Deployment[];
  /** Aborted when the server stops. */
  signal: AbortSignal;
  /** Called as candidates load, with how many have and how many there are. */
  progress?: (loaded: number, all: number) => void;
}

/** At most this many instances load at the same time: each takes a core, and all would be late together. */
export const LOADS_AT_ONCE: number = 2 * navigator.hardwareConcurrency;

/** Carries out the changes, all or none. Returns the problems that prevented it; none on success. */
export async function rollOut(
  changes: readonly Change[],
  options: RolloutOptions,
): Promise<ServiceProblem[]> {
  const unlistened: Generation[] = [];
  const problems = await load(changes, options) ?? await listen(changes, options, unlistened);
  if (problems === undefined) {
    await Promise.all(
      changes.map(({ deployment, next }) => next ? deployment.commit() : deployment.drain()),
    );
    return [];
  }
  await rollBack(changes, problems);
  if (!options.signal.aborted) {
    await Promise.allSettled(unlistened.map((generation) => generation.relisten()));
  }
  return problems;
}

/** Ends all candidates because of problems, and returns these. */
export async function rollBack(
  changes: readonly Change[],
  problems: ServiceProblem[],
): Promise<ServiceProblem[]> {
  await Promise.all(
    changes.map(({ deployment }) =>
      deployment.rollBack(problems.find(({ service }) => service === deployment.name)?.error)
    ),
  );
  return problems;
}

async function load(
  changes: readonly Change[],
  { progress, kept = [] }: RolloutOptions,
): Promise<ServiceProblem[] | undefined> {
  const problems: ServiceProblem[] = [];
  const limiter = new Limiter(LOADS_AT_ONCE);
  const all = changes.filter(({ next }) => next !== undefined).length;
  let loaded = 0;
  await Promise.all(changes.map(async ({ deployment, next }) => {
    if (next === undefined) return;
    try {
      await next.load(limiter);
    } catch (error) {
      problems.push(problemOf(deployment.name, error));
    }
    progress?.(++loaded, all);
  }));
  return some([...problems, ...conflicts(changes, kept)]);
}

async function listen(
  changes: readonly Change[],
  options: RolloutOptions,
  unlistened: Generation[],
): Promise<ServiceProblem[] | undefined> {
  const olds = changes.map(({ deployment }) => deployment.current).filter((old) => old !== undefined);
  const held = new Set(olds.flatMap(({ bound }) => bound.map(endpointKey)));
  if (!options.portSharing) {
    unlistened.push(...olds);
    await Promise.all(olds.map((old) => old.unlisten()));
  }
  const problems: ServiceProblem[] = [];
  // One after the other, so that of two services at one address the second one fails.
  for (const { deployment, next } of changes) {
    if (!next || options.signal.aborted) continue;
    const from = deployment.current;
    try {
      await next.listen({ ...(from ? { from } : {}), held });
    } catch (error) {
      problems.push(problemOf(deployment.name, error));
    }
  }
  if (options.signal.aborted) problems.push(problemOf("server", new Error("The server is stopping")));
  if (problems.length > 0 && options.portSharing) await unlistenReplaced(changes, unlistened);
  return some(problems);
}

/** The paths of unix sockets belong to the candidates by now: the current generations must listen again. */
async function unlistenReplaced(changes: readonly Change[], unlistened: Generation[]): Promise<void> {
  const taken = new Set(
    changes.flatMap(({ next }) => next?.since === undefined ? [] : next.bound)
      .filter(({ transport }) => transport === "unix").map(endpointKey),
  );
  for (const { deployment: { current } } of changes) {
    if (!current?.bound.some((endpoint) => taken.has(endpointKey(endpoint)))) continue;
    unlistened.push(current);
    await current.unlisten();
  }
}

/** Addresses that are requested twice. */
function conflicts(changes: readonly Change[], kept: readonly Deployment[]): ServiceProblem[] {
  const owners = new Map(
    kept.flatMap(({ name, current }) =>
      (current?.bound ?? []).map((endpoint) => [endpointKey(endpoint), name] as const)
    ),
  );
  const problems: ServiceProblem[] = [];
  for (const { deployment: { name }, next } of changes) {
    for (const endpoint of next?.requested ?? []) {
      if (endpoint.transport !== "unix" && endpoint.port === 0) continue;
      const owner = owners.get(endpointKey(endpoint));
      owners.set(endpointKey(endpoint), owner ?? name);
      if (owner === undefined) continue;
      const message = `Cannot listen at ${formatEndpoint(endpoint)}: ${
        owner === name ? "it is listed twice" : `service ${owner} listens there`
      }`;
      problems.push({ service: name, error: { name: "ListenError", code: "listen_failed", message } });
    }
  }
  return problems;
}

function some(problems: ServiceProblem[]): ServiceProblem[] | undefined {
  return problems.length > 0 ? problems : undefined;
}
