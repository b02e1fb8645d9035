/**
 * HAProxy in front, telling by both versions of the PROXY protocol whom it speaks for.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Connection, defineHooks, listen, on, reply } from "@protohost/protohost";
import { formatProxyHeader } from "../../lib/transport/proxy_header.ts";
import { TempFolder } from "../support/program.ts";
import { until, Wire } from "../support/wire.ts";

const lacksHaproxy = Deno.env.get("CI") === undefined && !await isInstalled("haproxy");

async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["-v"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

for (const word of ["send-proxy", "send-proxy-v2"]) {
  Deno.test({
    name: `behind HAProxy with ${word}, hooks and handlers see the real client, and upstreams hear of it`,
    ignore: lacksHaproxy,
    async fn() {
      await using back = await listen("text://127.0.0.1:0", {
        acceptProxyProtocol: ["127.0.0.1"],
        onMessage: (connection: Connection<string>) =>
          void connection.send(`upstream sees ${(connection.remoteAddr as Deno.NetAddr).port}`),
      });
      await using server = await listen("text://127.0.0.1:0", {
        acceptProxyProtocol: ["127.0.0.1"],
        upstream: `tcp://127.0.0.1:${back.port}`,
        sendProxyProtocol: "v2",
        hooks: defineHooks([
          on("who", ({ connection }) => reply(`hook sees ${(connection.remoteAddr as Deno.NetAddr).port}`)),
        ]),
      });
      await using folder = new TempFolder();
      const port = freePort();
      await folder.write({
        "haproxy.cfg": `
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen front
  bind 127.0.0.1:${port}
  server back 127.0.0.1:${server.port} ${word}
`,
      });
      const haproxy = new Deno.Command("haproxy", {
        args: ["-q", "-db", "-f", folder.at("haproxy.cfg")],
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        await until(
          () => Wire.open(port).then((wire) => (wire[Symbol.dispose](), true), () => false),
          "HAProxy's start",
        );
        using wire = await Wire.open(port);
        const own = (wire.conn.localAddr as Deno.NetAddr).port;
        await wire.write("who\nme\n");
        assertEquals([await wire.line(), await wire.line()].sort(), [
          `hook sees ${own}`,
          `upstream sees ${own}`,
        ]);
      } finally {
        haproxy.kill("SIGKILL");
        await haproxy.status;
      }
    },
  });
}

Deno.test("a forged header from an address that is not listed is refused", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    acceptProxyProtocol: ["192.0.2.1"],
    onMessage: (connection: Connection<string>, line) => void connection.send(line),
  });
  const forged: Deno.NetAddr = { transport: "tcp", hostname: "203.0.113.1", port: 1 };
  for (const version of [1, 2] as const) {
    using wire = await Wire.open(server.port);
    await wire.write(
      Uint8Array.of(...formatProxyHeader(version, forged, forged), ...new TextEncoder().encode("who\n")),
    );
    assertEquals(await wire.rest().catch(() => ""), "");
  }
  assertEquals(server.stats.errors, { bad_proxy_header: 2 });
});
