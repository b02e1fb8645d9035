/**
 * How TLS ends: with a close_notify, or cut off, and that the other side can tell.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { bytes, type Connection, listen, text, type TlsSpec } from "@protohost/protohost";
import { readTlsFiles } from "../../lib/transport/tls_files.ts";
import { clientHandshake, serverHandshake } from "../../lib/transport/tls_handshake.ts";
import { abortQuietly, closeQuietly, type Transport, writeAll } from "../../lib/transport/transport.ts";
import { soon, until } from "../support/wire.ts";

const folder = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));
const files = { cert: `${folder}one.crt`, key: `${folder}one.key` };
const spec: TlsSpec = { certificates: [files], clientCertificate: "none" };

interface Pair extends Disposable {
  server: Transport;
  client: Transport;
}

async function connectedPair(): Promise<Pair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [far, near] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const [server, client] = await soon(Promise.all([
    serverHandshake(await readTlsFiles(spec), 0)(near, undefined),
    clientHandshake("127.0.0.1", { insecure: true }, 0)(far, undefined),
  ]));
  return {
    server,
    client,
    [Symbol.dispose]() {
      abortQuietly(server);
      abortQuietly(client);
    },
  };
}

async function tlsClient(port: number): Promise<Transport> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  return await clientHandshake("127.0.0.1", { insecure: true }, 0)(conn, undefined);
}

/** Reads to the end: what came as text. Rejects if that is cut off. */
async function readAll(transport: Transport): Promise<string> {
  const room = new Uint8Array(1 << 16);
  let all = "";
  for (let count; (count = await soon(transport.read(room), "a read")) !== null;) {
    all += text(room.subarray(0, count));
  }
  return all;
}

for (const [closer, other] of [["server", "client"], ["client", "server"]] as const) {
  Deno.test(`TLS ends in good order for the ${other} when the ${closer} closes`, async () => {
    using pair = await connectedPair();
    await writeAll(pair[closer], bytes("all of it"));
    pair[closer].close();
    assertEquals(await readAll(pair[other]), "all of it");
  });

  Deno.test(`TLS ends in good order for the ${other} when the ${closer} closes behind its end`, async () => {
    using pair = await connectedPair();
    await pair[other].closeWrite();
    assertEquals(await readAll(pair[closer]), "");
    pair[closer].close();
    assertEquals(await readAll(pair[other]), "");
  });

  Deno.test(`TLS is cut off for the ${other} when the ${closer} aborts, and what came before is read`, async () => {
    using pair = await connectedPair();
    await writeAll(pair[closer], bytes("part"));
    const room = new Uint8Array(100);
    assertEquals(await soon(pair[other].read(room)), 4);
    abortQuietly(pair[closer]);
    const error = await assertRejects(() => soon(pair[other].read(room)));
    assertEquals((error as { code?: string }).code, "tls_truncated");
  });
}

Deno.test("TLS closes in the end when the peer reads nothing", async () => {
  using pair = await connectedPair();
  let stopped = false;
  const filling = (async () => {
    while (!stopped) await pair.server.write(new Uint8Array(1 << 16));
  })().catch(() => "failed");
  await new Promise((resolve) => setTimeout(resolve, 50));
  closeQuietly(pair.server);
  assertEquals(await soon(filling), "failed");
  stopped = true;
});

Deno.test("a service takes no cut line for a message when TLS ends without close_notify, and says so", async () => {
  const heard: string[] = [];
  const errors: unknown[] = [];
  await using server = await listen("text+tls://127.0.0.1:0", {
    tls: spec,
    onMessage: (_connection: Connection, line: string) => void heard.push(line),
    onEnd: () => void heard.push("end"),
    onError: (_connection, error) => void errors.push((error as { code?: string }).code),
  });
  for (const [last, how] of [["whole\ncut", abortQuietly], ["all\nthe rest", closeQuietly]] as const) {
    const client = await tlsClient(server.port);
    await writeAll(client, bytes(last));
    await until(() => heard.length === (how === abortQuietly ? 1 : 2));
    how(client);
    await until(() => server.stats.open === 0);
  }
  assertEquals(heard, ["whole", "all", "the rest", "end"]);
  assertEquals(errors, ["tls_truncated"]);
  assertEquals(server.stats.errors, { tls_truncated: 1 });
});

for (const lingerTimeout of ["0s", "2s"]) {
  Deno.test(`a service ends TLS in good order when the client ends first, with lingerTimeout ${lingerTimeout}`, async () => {
    await using server = await listen("text+tls://127.0.0.1:0", {
      tls: spec,
      limits: { lingerTimeout },
      onMessage(connection: Connection<string>, line: string) {
        if (line === "quit") connection.close("bye");
        else connection.send(`re ${line}`);
      },
    });
    for (const [said, answer] of [["hello", "re hello\n"], ["quit", "bye\n"]]) {
      const client = await tlsClient(server.port);
      await writeAll(client, bytes(`${said}\n`));
      if (said === "hello") await client.closeWrite();
      assertEquals(await readAll(client), answer);
      closeQuietly(client);
    }
    await until(() => server.stats.open === 0);
    assertEquals(server.stats.errors, {});
  });
}
