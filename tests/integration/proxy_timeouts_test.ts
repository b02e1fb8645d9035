/**
 * What a proxy waits for: as long as its two ends do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Connection, defineHooks, listen, on, type Server } from "@protohost/protohost";
import { ask, reServer } from "../support/ask.ts";
import { until, Wire } from "../support/wire.ts";

function upstreamOf(server: Server): string {
  return `tcp://127.0.0.1:${server.port}`;
}

Deno.test("a proxy has no timeouts for what goes through it but those that are set", async () => {
  await using upstream = await reServer();
  for (const [limits, wanted] of [[{}, [0, 0, 0]], [{ idleTimeout: "1h" }, [3_600_000, 0, 0]]] as const) {
    const seen: number[] = [];
    const hooks = defineHooks([on("look", ({ connection: { limits } }) => {
      seen.push(limits.idleTimeoutMs, limits.frameTimeoutMs, limits.sendTimeoutMs);
    })]);
    await using proxy = await listen("tcp://127.0.0.1:0", {
      protocol: ask,
      upstream: upstreamOf(upstream),
      hooks,
      limits,
    });
    using wire = await Wire.open(proxy.port);
    await wire.write("look\n");
    assertEquals(await wire.line(), "re look");
    assertEquals(seen, [...wanted]);
  }
});

/** Local and remote port of the TCP connections of this system that its keepalive timer watches (proc(5)). */
async function watched(): Promise<string[]> {
  // To read it Deno wants all permissions.
  const { stdout } = await new Deno.Command("cat", { args: ["/proc/net/tcp"] }).output();
  const rows = new TextDecoder().decode(stdout).trim().split("\n").slice(1);
  return rows.map((row) => row.trim().split(/\s+/)).filter((fields) => fields[5].startsWith("02:")).map(
    (fields) => fields.slice(1, 3).map((address) => parseInt(address.split(":")[1], 16)).join(" "),
  );
}

Deno.test(
  "the system watches the peers of a proxy, and those of a service that waits for ever",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    await using patient = await listen("text://127.0.0.1:0", { limits: { idleTimeout: 0 } });
    await using impatient = await listen("text://127.0.0.1:0", {
      onMessage: (connection: Connection<string>, line) => void connection.send(line),
    });
    await using proxy = await listen("text://127.0.0.1:0", { upstream: upstreamOf(impatient) });
    const wires = [];
    for (const server of [patient, impatient, proxy]) wires.push(await Wire.open(server.port));
    try {
      await until(() => impatient.stats.open === 2 && patient.stats.open === 1);
      const all = await watched();
      const isWatched = wires.map(({ conn }) => {
        const [local, remote] = [conn.remoteAddr, conn.localAddr].map((addr) => (addr as Deno.NetAddr).port);
        return all.includes(`${local} ${remote}`);
      });
      assertEquals(isWatched, [true, false, true]);
      assertEquals(all.filter((ports) => ports.endsWith(` ${impatient.port}`)).length, 1, all.join());
    } finally {
      for (const wire of wires) wire[Symbol.dispose]();
    }
  },
);
