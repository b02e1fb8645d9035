/**
 * Which cores what runs on: on Linux the server, the generator of load and what stands behind a proxy are kept apart.
 *
 * @module
 */

/** A core each. Undefined where processes are not pinned. */
export interface Cores {
  /** Of what is measured. */
  server: number | undefined;
  /** Of what asks. */
  load: number | undefined;
  /** Of what stands behind a proxy; the generator's own where there are but two. */
  upstream: number | undefined;
}

/** Processes are not pinned. */
export const UNPINNED: Cores = { server: undefined, load: undefined, upstream: undefined };

/** Reads a list of the kernel's, such as `0-2,5`. */
export function parseCpuList(list: string): number[] {
  return list.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * Chooses cores, no two of them threads of one core if that can be had.
 *
 * @param allowed The CPUs that this process may use.
 * @param siblings For each of them, the CPUs that share its core, itself included.
 */
export function chooseCores(allowed: number[], siblings: Map<number, number[]>): Cores {
  if (allowed.length < 2) return UNPINNED;
  const apart = allowed.filter((cpu) => Math.min(...(siblings.get(cpu) ?? [cpu])) === cpu);
  const order = [...apart, ...allowed.filter((cpu) => !apart.includes(cpu))];
  const [server, load, upstream = load] = order;
  return { server, load, upstream };
}

/** Chooses among the cores of this machine; {@linkcode UNPINNED} where there is no `taskset` or only one core. */
export async function findCores(hasTaskset: boolean): Promise<Cores> {
  if (!hasTaskset || Deno.build.os !== "linux") return UNPINNED;
  const status = await Deno.readTextFile("/proc/self/status");
  const allowed = parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  const siblings = new Map<number, number[]>();
  for (const cpu of allowed) {
    const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
    siblings.set(cpu, await Deno.readTextFile(file).then(parseCpuList, () => [cpu]));
  }
  return chooseCores(allowed, siblings);
}
