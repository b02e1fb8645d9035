/**
 * Replacing services, one or all at once: start, restart and reload are each a rollout.
 *
 * 1. Everything new loads. Nothing is bound yet, because a bound socket already gets connections.
 * 2. Where ports cannot be shared, the old stops listening; its connections go on.
 * 3. Everything new listens, service after service.
 * 4. The new takes the old one's place; the old stops listening and drains.
 *
 * If anything fails before 4, everything new is ended, the old listens again where it must, and nothing has changed.
 *
 * @module
 */

import type { Deployment } from "./deployment.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import type { Generation } from "./generation.ts";
import { problemOf, type ServiceProblem } from "./supervisor_error.ts";
import { endpointKey } from "./worker_specs.ts";

/** What becomes of one service. */
export interface Change {
  deployment: Deployment;
  /** What is to serve; absent for a service that is no longer wanted. */
  next?: Generation;
}

export interface RolloutOptions {
  /** Whether old and new can listen side by side. */
  portSharing: boolean;
  /** Aborted when the server is to stop. */
  signal: AbortSignal;
}

/** Carries the changes out, all or none. Answers what keeps them from being carried out: nothing, if all went well. */
export async function rollOut(
  changes: readonly Change[],
  options: RolloutOptions,
): Promise<ServiceProblem[]> {
  const unlistened: Generation[] = [];
  const problems = await load(changes) ?? await listen(changes, options, unlistened);
  if (problems === undefined) {
    await Promise.all(
      changes.map(({ deployment, next }) => next ? deployment.commit() : deployment.release()),
    );
    return [];
  }
  await Promise.all(
    changes.map(({ deployment }) =>
      deployment.discard(problems.find(({ service }) => service === deployment.name)?.error)
    ),
  );
  if (!options.signal.aborted) {
    await Promise.allSettled(unlistened.map((generation) => generation.relisten()));
  }
  return problems;
}

async function load(changes: readonly Change[]): Promise<ServiceProblem[] | undefined> {
  const problems: ServiceProblem[] = [];
  await Promise.all(changes.map(async ({ deployment, next }) => {
    try {
      await next?.load();
    } catch (error) {
      problems.push(problemOf(deployment.name, error));
    }
  }));
  return some([...problems, ...conflicts(changes)]);
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
  // One after the other, so that of two services at one address the second finds the first.
  for (const { deployment, next } of changes) {
    if (!next || options.signal.aborted) continue;
    const from = deployment.current;
    try {
      await next.listen({ ...(from ? { from } : {}), held });
    } catch (error) {
      problems.push(problemOf(deployment.name, error));
    }
  }
  if (options.signal.aborted) problems.push(problemOf("server", new Error("The server is about to stop")));
  if (problems.length > 0 && options.portSharing) await unlistenReplaced(changes, unlistened);
  return some(problems);
}

/** The name of a unix socket belongs to the new by now: whoever had it listens anew. */
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

/** Addresses that two services want. */
function conflicts(changes: readonly Change[]): ServiceProblem[] {
  const owners = new Map<string, string>();
  const problems: ServiceProblem[] = [];
  for (const { deployment: { name }, next } of changes) {
    for (const endpoint of next?.requested ?? []) {
      if (endpoint.transport !== "unix" && endpoint.port === 0) continue;
      const owner = owners.get(endpointKey(endpoint));
      owners.set(endpointKey(endpoint), owner ?? name);
      if (owner === undefined) continue;
      const message = `Cannot listen at ${formatEndpoint(endpoint)}: ${
        owner === name ? "it is named twice" : `the service ${owner} does`
      }`;
      problems.push({ service: name, error: { name: "ListenError", code: "listen_failed", message } });
    }
  }
  return problems;
}

function some(problems: ServiceProblem[]): ServiceProblem[] | undefined {
  return problems.length > 0 ? problems : undefined;
}
