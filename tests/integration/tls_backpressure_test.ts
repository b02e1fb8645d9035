/**
 * TLS takes from the wire what is read from it, and little more, on both sides.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readTlsFiles } from "../../lib/transport/tls_files.ts";
import { clientHandshake, serverHandshake } from "../../lib/transport/tls_handshake.ts";
import { LayeredTransport } from "../../lib/transport/layered.ts";
import { writeAll } from "../../lib/transport/transport.ts";
import { soon } from "../support/wire.ts";

const folder = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));
const TOTAL = 16 * 1024 ** 2;
/** What may be on its way through TLS. Without a bound it would be all of it. */
const MAX_AHEAD = 1024 ** 2;

/** Counts what is read. */
class Counting extends LayeredTransport {
  taken = 0;

  override async read(into: Uint8Array): Promise<number | null> {
    const count = await super.read(into);
    this.taken += count ?? 0;
    return count;
  }
}

for (const reader of ["server", "client"] as const) {
  Deno.test(`TLS on the ${reader}'s side reads ahead of its reader by little`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [far, near] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      listener.accept(),
    ]);
    const wire = { server: new Counting(near), client: new Counting(far) };
    const files = { cert: `${folder}one.crt`, key: `${folder}one.key` };
    const material = await readTlsFiles({ certificates: [files], clientCertificate: "none" });
    const [server, client] = await soon(Promise.all([
      serverHandshake(material, 0)(wire.server, undefined),
      clientHandshake("127.0.0.1", { insecure: true }, 0)(wire.client, undefined),
    ]));
    const [from, to] = reader === "server" ? [client, server] : [server, client];
    const sent = Uint8Array.from({ length: 65_521 }, (_, i) => i % 251);
    const written = (async () => {
      for (let at = 0; at < TOTAL; at += sent.length) await writeAll(from, sent.subarray(0, TOTAL - at));
      await from.closeWrite();
    })();
    let read = 0;
    let furthest = 0;
    let isRight = true;
    const room = new Uint8Array(65_536);
    for (;;) {
      // A reader that leaves the other side every time to go ahead.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const count = await soon(to.read(room), "a read");
      if (count === null) break;
      for (let i = 0; i < count; i++) isRight &&= room[i] === sent[(read + i) % sent.length];
      read += count;
      furthest = Math.max(furthest, wire[reader].taken - read);
    }
    await soon(written);
    to.close();
    from.close();
    assertEquals([read, isRight], [TOTAL, true]);
    assertLess(furthest, MAX_AHEAD);
  });
}
