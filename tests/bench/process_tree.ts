/**
 * What a process and its children cost, as Linux's /proc tells it.
 *
 * @module
 */

const TICKS_PER_SECOND = 100;

/** What a tree of processes has used so far. */
export interface Usage {
  /** Processor time, user's and system's, in milliseconds; a step of the clock is 10. */
  cpuMs: number;
  /** Resident memory in bytes. */
  rssBytes: number;
}

/** A process and all that descend from it, itself first. Itself alone where there is no /proc. */
export async function treeOf(pid: number): Promise<number[]> {
  const pids = [pid];
  try {
    for await (const task of Deno.readDir(`/proc/${pid}/task`)) {
      const children = await Deno.readTextFile(`/proc/${pid}/task/${task.name}/children`);
      for (const child of children.split(" ").filter((word) => word !== "")) {
        pids.push(...await treeOf(Number(child)));
      }
    }
  } catch { /* It is gone, or there is no /proc. */ }
  return pids;
}

/** What a process and its descendants have used; undefined where that cannot be known. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const usage = { cpuMs: 0, rssBytes: 0 };
  for (const each of await treeOf(pid)) {
    try {
      // The second field is a name in brackets, which may hold spaces.
      const stat = (await Deno.readTextFile(`/proc/${each}/stat`)).split(") ").at(-1)!.split(" ");
      usage.cpuMs += (Number(stat[11]) + Number(stat[12])) * 1000 / TICKS_PER_SECOND;
      const status = await Deno.readTextFile(`/proc/${each}/status`);
      usage.rssBytes += Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    } catch { /* It has just ended. */ }
  }
  return usage;
}
