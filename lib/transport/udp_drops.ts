/**
 * How many datagrams the system has dropped because a receive buffer was full. Linux tells it in `/proc/net/udp`.
 *
 * @module
 */

const FILES = ["/proc/net/udp", "/proc/net/udp6"];

/**
 * Reads how many datagrams were dropped at the open sockets of each local port.
 *
 * @returns By port; undefined where the system does not tell, or may not be asked: Deno gives `/proc` to programs with
 * all permissions only, and `cat` has it where `run` is granted.
 */
export async function readUdpDrops(): Promise<Map<number, number> | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return parseUdpDrops((await Promise.all(FILES.map((file) => Deno.readTextFile(file)))).join(""));
  } catch {
    return await readByCat();
  }
}

/** Reads the tables of `/proc/net/udp` and `udp6`: the second column is the local address, the last one the drops. */
export function parseUdpDrops(tables: string): Map<number, number> {
  const drops = new Map<number, number>();
  for (const line of tables.split("\n")) {
    const columns = line.trim().split(/\s+/);
    const port = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(columns[1] ?? "")?.[1];
    const count = Number(columns.at(-1));
    if (port === undefined || !Number.isSafeInteger(count)) continue;
    const key = parseInt(port, 16);
    drops.set(key, (drops.get(key) ?? 0) + count);
  }
  return drops;
}

async function readByCat(): Promise<Map<number, number> | undefined> {
  try {
    const { state } = await Deno.permissions.query({ name: "run", command: "cat" });
    if (state !== "granted") return undefined;
    const { success, stdout } = await new Deno.Command("cat", { args: FILES, stderr: "null" }).output();
    return success ? parseUdpDrops(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    return undefined;
  }
}
