/**
 * The least that a relay takes on Deno: two loops a connection, without limits, counters, hooks or framing.
 *
 *     deno run -A bare_relay.ts PORT UPSTREAM_PORT
 *
 * @module
 */

/** What one direction of an idle connection pins. */
const IDLE_BYTES = 512;
/** The most that one read asks for. */
const READ_BYTES = 64 * 1024;

const [port, upstream] = Deno.args.map(Number);
const listener = Deno.listen({ hostname: "127.0.0.1", port });
for (;;) relay(await listener.accept());

async function relay(client: Deno.TcpConn): Promise<void> {
  try {
    client.setNoDelay(true);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: upstream });
    server.setNoDelay(true);
    await Promise.all([move(client, server), move(server, client)]);
    server.close();
  } catch { /* One of them is gone. */ }
  try {
    client.close();
  } catch { /* It was closed already. */ }
}

async function move(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  let bytes = new Uint8Array(IDLE_BYTES);
  for (;;) {
    const count = await from.read(bytes);
    if (count === null) break;
    let at = await to.write(bytes.subarray(0, count));
    while (at < count) at += await to.write(bytes.subarray(at, count));
    if (count === bytes.length && count < READ_BYTES) bytes = new Uint8Array(count * 4);
  }
  await to.closeWrite();
}
