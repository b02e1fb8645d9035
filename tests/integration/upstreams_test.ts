import { assertEquals, assertRejects } from "@std/assert";
import { REST_MS, Upstreams } from "../../lib/proxy/upstreams.ts";
import { DialError } from "../../lib/transport/dial.ts";

const client: { remoteAddr: Deno.Addr; localAddr: Deno.Addr } = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 2 },
};

/** A server that is there or not, always at the same port, and what has come to it. */
class Server implements Disposable {
  readonly port: number;
  accepted = 0;
  #listener: Deno.TcpListener | undefined;

  constructor() {
    this.port = this.listen(0);
  }

  listen(port: number = this.port): number {
    const listener = this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    (async () => {
      for await (const connection of listener) {
        this.accepted++;
        connection.close();
      }
    })();
    return listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#listener?.close();
    this.#listener = undefined;
  }
}

Deno.test("an upstream that was not there is tried last for a while, which is told once", async () => {
  using one = new Server();
  using two = new Server();
  const told: string[] = [];
  let now = 1;
  const upstreams = new Upstreams({
    addresses: [one, two].map(({ port }) => `tcp://127.0.0.1:${port}`),
    balance: "first",
    connectTimeoutMs: 5000,
    tls: {},
    tlsHandshakeTimeoutMs: 5000,
    now: () => now,
    turned: (upstream, error) =>
      told.push(`${upstream.endsWith(`:${one.port}`) ? "one" : "two"} ${error?.code ?? "is there"}`),
  });
  const { signal } = new AbortController();
  const reach = async () => {
    const { transport } = await upstreams.reach(client, signal);
    transport.close();
    return (transport.remoteAddr as Deno.NetAddr).port === one.port ? "one" : "two";
  };
  assertEquals(await reach(), "one");
  one[Symbol.dispose]();
  assertEquals([await reach(), await reach()], ["two", "two"]);
  assertEquals(told, ["one connect_failed"]);
  one.listen();
  // It is there again and rests all the same.
  assertEquals(await reach(), "two");
  now += REST_MS;
  assertEquals(await reach(), "one");
  assertEquals(told, ["one connect_failed", "one is there"]);
  // What rests is tried all the same where nothing else is there.
  one[Symbol.dispose]();
  two[Symbol.dispose]();
  await assertRejects(() => upstreams.reach(client, signal), DialError);
  two.listen();
  assertEquals(await reach(), "two");
});
