/**
 * UDP: a datagram is whole or nothing, receiving never waits, and strangers get no more than their share.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import {
  bytes,
  connect,
  type Connection,
  DEFAULT_LIMITS,
  listen,
  type ListenOptions,
  text,
} from "@protohost/protohost";
import { DatagramReports } from "../../lib/service/datagram_reports.ts";
import { createStats } from "../../lib/contract/stats.ts";
import { DatagramListener } from "../../lib/transport/datagrams.ts";
import { parseUdpDrops, readUdpDrops } from "../../lib/transport/udp_drops.ts";
import { soon, until } from "../support/wire.ts";

/** A bare UDP socket of a test. */
class Peer implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #to: Deno.NetAddr;

  constructor(port: number) {
    this.#to = { transport: "udp", hostname: "127.0.0.1", port };
  }

  get addr(): Deno.NetAddr {
    return this.#socket.addr as Deno.NetAddr;
  }

  async send(...datagrams: (string | Uint8Array)[]): Promise<void> {
    for (const datagram of datagrams) {
      await this.#socket.send(typeof datagram === "string" ? bytes(datagram) : datagram, this.#to);
    }
  }

  async receive(): Promise<string> {
    const [datagram] = await soon(this.#socket.receive(), "a datagram");
    return text(datagram);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const shout: ListenOptions<string, string> = {
  onMessage: (connection, message) => void connection.send(message.toUpperCase()),
};

Deno.test("the end of a datagram is the end of its last frame", async () => {
  await using server = await listen("text+udp://127.0.0.1:0", shout);
  using peer = new Peer(server.port);
  await peer.send("a\nb", "c", "d\n");
  const received = [];
  while (received.length < 4) received.push(await peer.receive());
  assertEquals(received, ["A\n", "B\n", "C\n", "D\n"]);
  assertEquals(server.stats.errors, {});
});

Deno.test("an empty datagram is one, both ways, and through a proxy too", async () => {
  await using server = await listen("echo+udp://127.0.0.1:0");
  await using seen = await listen("text+udp://127.0.0.1:0", {
    onMessage: (connection: Connection<string>, message: string) => void connection.send(`<${message}>`),
  });
  await using proxy = await listen("raw+udp://127.0.0.1:0", { upstream: `udp://127.0.0.1:${server.port}` });
  for (const { port } of [server, proxy]) {
    using peer = new Peer(port);
    await peer.send("a", "", "b");
    assertEquals([await peer.receive(), await peer.receive(), await peer.receive()], ["a", "", "b"]);
  }
  using peer = new Peer(seen.port);
  await peer.send("", "x");
  assertEquals([await peer.receive(), await peer.receive()], ["<>\n", "<x>\n"]);
  await using client = await connect<Uint8Array>(`raw+udp://127.0.0.1:${server.port}`);
  assertEquals(await soon(client.pingPong(new Uint8Array(0))), new Uint8Array(0));
});

Deno.test("a datagram that makes no message costs no more than itself", async () => {
  const errors: string[] = [];
  let connections = 0;
  await using server = await listen("jsonnl+udp://127.0.0.1:0", {
    onConnect: () => void connections++,
    onMessage: (connection: Connection<unknown>, message: unknown) => void connection.send(message),
    onError: (_, error) => void errors.push((error as { code?: string }).code ?? error.name),
  });
  await using frames = await listen("frame+udp://127.0.0.1:0", {
    onMessage: (connection: Connection<Uint8Array>, message: Uint8Array) => void connection.send(message),
    onError: (_, error) => void errors.push((error as { code?: string }).code!),
  });
  using peer = new Peer(server.port);
  await peer.send("1\n{x\n2\n", "3");
  assertEquals([await peer.receive(), await peer.receive()], ["1\n", "3\n"]);
  using other = new Peer(frames.port);
  await other.send(
    Uint8Array.of(0, 0, 0, 1),
    Uint8Array.of(0, 0, 0, 9, 1),
    "",
    Uint8Array.of(0, 0, 0, 5, 65),
  );
  assertEquals(await other.receive(), "\0\0\0\x05A");
  assertEquals(errors, ["bad_message", "bad_frame", "bad_frame", "bad_frame"]);
  assertEquals([connections, server.stats.open, frames.stats.accepted], [1, 1, 1]);
});

Deno.test("a message that is larger than a datagram can be is refused, and the connection goes on", async () => {
  const refused: string[] = [];
  await using server = await listen("text+udp://127.0.0.1:0", {
    onMessage(connection: Connection<string>, size: string) {
      const result = connection.send("x".repeat(Number(size)));
      if (result === "refused") connection.send(connection.error === undefined ? "refused" : "failed");
    },
    onError: (_, error) => void refused.push(error.message),
  });
  using peer = new Peer(server.port);
  await peer.send("65507", "65506");
  assertEquals(await peer.receive(), "refused\n");
  assertEquals((await peer.receive()).length, 65507);
  assertEquals(refused, ["Cannot send a datagram of 65508 bytes: wanted at most 65507"]);
});

Deno.test("answers to one datagram take no more than a multiple of its bytes", async () => {
  for (const waits of [false, true]) {
    const errors: string[] = [];
    const onMessage: ListenOptions<string, string>["onMessage"] = waits
      ? async (connection, message) => {
        await Promise.resolve();
        connection.send(message);
      }
      : (connection, message) => void connection.send(message);
    await using server = await listen("text+udp://127.0.0.1:0", {
      onMessage,
      onError: (_, error) => void errors.push(error.message),
    });
    using peer = new Peer(server.port);
    await peer.send("\n".repeat(1400), "end");
    let answers = 0;
    let size = 0;
    for (let answer; (answer = await peer.receive()) !== "end\n"; answers++) size += answer.length + 28;
    assertLess(size, 3 * 1428 + 1);
    assertEquals(answers, Math.floor(3 * 1428 / 29));
    assertEquals(errors, [
      "Cannot send more answers to one datagram: they would take more than 3 times its bytes (maxAmplification)",
    ]);
    assertEquals(server.stats.errors, { amplification: 1 });
  }
});

Deno.test("a first answer may be of any size, what is sent unasked too, and a limit of 0 bounds nothing", async () => {
  await using server = await listen("text+udp://127.0.0.1:0", {
    onMessage(connection: Connection<string>, message: string) {
      connection.send(message.repeat(1000));
      setTimeout(() => {
        for (let index = 0; index < 50; index++) connection.send(`pushed ${index}`);
      });
    },
  });
  using peer = new Peer(server.port);
  await peer.send("x");
  assertEquals((await peer.receive()).length, 1001);
  for (let index = 0; index < 50; index++) assertEquals(await peer.receive(), `pushed ${index}\n`);
  await using free = await listen("text+udp://127.0.0.1:0", {
    ...shout,
    limits: { maxAmplification: 0 },
  });
  using other = new Peer(free.port);
  await other.send("\n".repeat(200));
  for (let index = 0; index < 200; index++) assertEquals(await other.receive(), "\n");
});

Deno.test("at maxConnections the peer that was silent longest gives way, those that conversed last", async () => {
  const closed: string[] = [];
  await using server = await listen("text+udp://127.0.0.1:0", {
    ...shout,
    limits: { maxConnections: 4 },
    onClose: (connection) => void closed.push(String((connection.remoteAddr as Deno.NetAddr).port)),
  });
  using stack = new DisposableStack();
  const peers = Array.from({ length: 3 }, () => stack.use(new Peer(server.port)));
  // The first two converse. The third comes once.
  for (const peer of [peers[0], peers[1], peers[0], peers[1], peers[2]]) {
    await peer.send("a");
    assertEquals(await peer.receive(), "A\n");
  }
  // Many that come once.
  for (let index = 0; index < 50; index++) {
    using stranger = new Peer(server.port);
    await stranger.send("x");
    assertEquals(await stranger.receive(), "X\n");
    await peers[0].send("b");
    assertEquals(await peers[0].receive(), "B\n");
  }
  await peers[1].send("c");
  assertEquals(await peers[1].receive(), "C\n");
  assertEquals(server.stats.open, 4);
  assertEquals(server.stats.errors.connection_evicted, 49);
  assertEquals(closed.includes(String(peers[2].addr.port)), true);
  assertEquals(closed.includes(String(peers[0].addr.port)), false);
  assertEquals(closed.includes(String(peers[1].addr.port)), false);
  assertEquals(closed.length, 49);
});

Deno.test("where others fill maxConnections a new peer over UDP is refused, and one that is known is heard", async () => {
  await using server = await listen(["text+udp://127.0.0.1:0", "text://127.0.0.1:0"], {
    ...shout,
    limits: { maxConnections: 2 },
  });
  const [udp, tcp] = server.addresses.map((address) => Number(/:(\d+)$/.exec(address)![1]));
  using peer = new Peer(udp);
  await peer.send("a");
  assertEquals(await peer.receive(), "A\n");
  await using client = await connect<string>(`text://127.0.0.1:${tcp}`);
  assertEquals(await client.pingPong("x"), "X");
  await using second = await connect<string>(`text://127.0.0.1:${tcp}`);
  const waits = second.pingPong("y");
  await peer.send("b");
  assertEquals(await peer.receive(), "B\n");
  using stranger = new Peer(udp);
  await stranger.send("c");
  // The only connection over UDP gives way.
  assertEquals(await stranger.receive(), "C\n");
  await client.close();
  assertEquals(await soon(waits), "Y");
});

Deno.test("a listener of datagrams holds a bounded number of them and of new peers", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  let dropped = 0;
  const listener = new DatagramListener(socket, () => void dropped++);
  const { port } = socket.addr as Deno.NetAddr;
  using peer = new Peer(port);
  await peer.send("first");
  const accepted = await listener.accept();
  for (let index = 0; index < 100; index++) await peer.send(`${index}`);
  await until(() => dropped === 100 + 1 - 64);
  assertEquals(text((await accepted.receive())!), "first");
  assertEquals(listener.evict(accepted), false);
  const other = new Peer(port);
  await other.send("x");
  const second = await listener.accept();
  assertEquals(listener.evict(accepted), true);
  assertEquals(await second.receive(), null);
  assertEquals(listener.evict(second), true);
  assertEquals(accepted.isOpen, false);
  other[Symbol.dispose]();
  listener.close();
  await listener.accept().then(
    () => assert(false),
    (error) => assert(error instanceof Deno.errors.BadResource),
  );
});

Deno.test("evictions are counted one by one and logged together", async () => {
  const stats = createStats();
  const told = Promise.withResolvers<Record<string, unknown>>();
  const log = { warn: (_: string, properties: Record<string, unknown>) => told.resolve(properties) };
  const reports = new DatagramReports({ limits: DEFAULT_LIMITS, stats, log: log as never });
  const endpoint = { protocol: "text", transport: "udp", hostname: "127.0.0.1", port: 9 } as const;
  for (let index = 0; index < 5; index++) reports.evicted(endpoint, "closed");
  reports.evicted(endpoint, "refused");
  assertEquals(await soon(told.promise), {
    closed: 5,
    refused: 1,
    address: "text+udp://127.0.0.1:9",
    most: 16384,
  });
  assertEquals(stats.errors, { connection_evicted: 5, too_many_connections: 1 });
  assertEquals(stats.refused, 1);
  reports.close();
});

Deno.test("the system's table of dropped datagrams is read by port", () => {
  const table =
    `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  312: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 2744
  313: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 6
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  400: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12347 2 0000000000000000 0
`;
  assertEquals([...parseUdpDrops(table)], [[0x1f90, 2750], [0x35, 0]]);
});

Deno.test({
  name: "what the system drops of a burst is found in its table",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const { port } = socket.addr as Deno.NetAddr;
    using peer = new Peer(port);
    // Nobody receives.
    for (let index = 0; index < 3000; index++) await peer.send("x".repeat(1000));
    const drops = (await readUdpDrops())?.get(port);
    socket.close();
    // Only where a program may ask the system.
    if (drops !== undefined) assertGreater(drops, 0);
  },
});
