/**
 * What a run was made on.
 *
 * @module
 */

/** A machine, and the day. */
export interface Machine {
  cpu: string;
  cores: number;
  os: string;
  /** Year, month and day. */
  date: string;
}

/** Looks at this machine. */
export async function thisMachine(): Promise<Machine> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    cpu: /^model name\s*:\s*(.+)$/m.exec(info)?.[1].trim() ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    date: new Date().toISOString().slice(0, 10),
  };
}
