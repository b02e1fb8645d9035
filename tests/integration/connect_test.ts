/**
 * The client's side: conversations, timeouts, reconnects, pipes.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { connect, type Connection, listen } from "@protohost/protohost";
import { soon, until, Wire } from "../support/wire.ts";

function echo(connection: Connection<string>, line: string): void {
  connection.send(line);
}

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

Deno.test("a client converses and iterates to the end of the stream", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    onMessage(connection: Connection<string>, line: string) {
      for (const word of line.split(" ")) connection.send(word);
      if (line.includes("bye")) connection.close();
    },
  });
  await using client = await connect<string>(server.addresses[0]);
  assertEquals(await soon(client.pingPong("one two")), "one");
  assertEquals(await soon(client.pong()), "two");
  client.ping("three bye");
  assertEquals(await soon(Array.fromAsync(client)), ["three", "bye"]);
  assertEquals(await soon(client.pong()), null);
  assertEquals(code(await assertRejects(() => soon(client.pingPong("more")))), "end_of_stream");
  await soon(client.closed);
});

Deno.test("a client that waits hears which error has ended its connection", async () => {
  await using server = await listen("text://127.0.0.1:0");
  await using client = await connect<string>(server.addresses[0], { limits: { idleTimeout: 100 } });
  assertEquals(code(await assertRejects(() => soon(client.pong()))), "idle_timeout");
  assertEquals(code(await assertRejects(() => soon(client.pingPong("x")))), "idle_timeout");
  await soon(client.closed);
});

Deno.test("a client with onMessage is called back", async () => {
  await using server = await listen("text://127.0.0.1:0", { onMessage: echo });
  const heard: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using client = await connect<string>(server.addresses[0], {
    onConnect: (connection) => void connection.send("hello"),
    onMessage: (_, line) => void heard.push(line),
    onClose: () => resolve(),
  });
  await until(() => heard.length === 1);
  await client.close();
  await soon(closed);
  assertEquals(heard, ["hello"]);
});

Deno.test("a server that is not there, and one that does not shake hands, are clear errors", async () => {
  const port = await (async () => {
    await using server = await listen("text://127.0.0.1:0");
    return server.port;
  })();
  const refused = await assertRejects(() => connect(`text://127.0.0.1:${port}`));
  assertEquals(code(refused), "connect_failed");
  await using silent = await listen("text://127.0.0.1:0");
  const late = await assertRejects(() =>
    soon(connect(`text+tls://127.0.0.1:${silent.port}`, { timeout: "200ms" }))
  );
  assertEquals(code(late), "connect_timeout");
});

Deno.test("options that there are not are refused with those that there are", async () => {
  for (
    const [options, said] of [
      [
        { bogus: 1 },
        "the option bogus: there is none of that name, wanted one of protocol, timeout, reconnect, tls, limits, signal",
      ],
      [{ timeuot: 1 }, "did you mean timeout?"],
      [
        { reconnect: { atempts: 1 } },
        "the option reconnect.atempts: there is none of that name, did you mean attempts?",
      ],
      [{ ca: "PEM" }, "did you mean tls: { caCerts }?"],
      [{ insecure: true }, "did you mean tls: { insecure }?"],
      [{ tls: { ca: ["PEM"] } }, "the option tls.ca: there is none of that name, did you mean caCerts?"],
      [
        { tls: { verification: 1 } },
        "the option tls.verification: there is none of that name, wanted one of serverName, caCerts, cert, key, insecure",
      ],
    ] as [object, string][]
  ) {
    const error = await assertRejects(() => connect("text://127.0.0.1:1", options), TypeError, said);
    assertEquals(code(error), "unknown_option");
  }
});

Deno.test("a client whose address names no bundled protocol is told how to give its own", async () => {
  const error = await assertRejects(
    () => connect("tlv://127.0.0.1:1"),
    TypeError,
    "one of your own is given as { protocol }",
  );
  assertEquals(code(error), "unknown_protocol");
});

Deno.test("a client that reconnects finds its server again", async () => {
  const first = await listen("text://127.0.0.1:0", { onMessage: echo });
  const address = first.addresses[0];
  let connects = 0;
  await using client = await connect<string>(address, { reconnect: true, onConnect: () => void connects++ });
  assertEquals(await soon(client.pingPong("a")), "a");
  await first.close({ immediate: true });
  assertEquals(await soon(client.pong()), null);
  assertEquals(client.send("nobody"), "refused");
  await using _second = await listen(address, { onMessage: echo });
  await until(() => connects === 2);
  assertEquals(await soon(client.pingPong("b")), "b");
});

Deno.test("a client that reconnects gives up after its attempts", async () => {
  const server = await listen("text://127.0.0.1:0", { onMessage: echo });
  await using client = await connect<string>(server.addresses[0], { reconnect: { attempts: 1 } });
  await server.close({ immediate: true });
  await soon(client.closed);
});

Deno.test("a client that reconnects tells of each attempt, and pauses as it is told", async () => {
  const first = await listen("text://127.0.0.1:0", { onMessage: echo });
  const address = first.addresses[0];
  await first.close({ immediate: true });
  const failures: { error: unknown; attempt: number; delayMs?: number }[] = [];
  const client = connect<string>(address, {
    reconnect: {
      delay: 10,
      maxDelay: 20,
      onFailure: (error, next) => failures.push({ error: code(error), ...next }),
    },
  });
  await until(() => failures.length >= 3);
  await using _server = await listen(address, { onMessage: echo });
  await using connected = await soon(client);
  assertEquals(await soon(connected.pingPong("a")), "a");
  for (const [index, leastMs] of [10, 20, 20].entries()) {
    const { error, attempt, delayMs = 0 } = failures[index];
    assertEquals([error, attempt], ["connect_failed", index + 1]);
    assertEquals(delayMs >= leastMs && delayMs <= leastMs * 1.2, true, `${delayMs} ms`);
  }
});

Deno.test("a client that reconnects tells why it has lost its connection", async () => {
  const told = Promise.withResolvers<unknown[]>();
  const server = await listen("text://127.0.0.1:0", { onMessage: echo });
  await using client = await connect<string>(server.addresses[0], {
    limits: { idleTimeout: 50 },
    reconnect: { attempts: 0, onFailure: (error, { delayMs }) => told.resolve([code(error), delayMs]) },
  });
  assertEquals(await soon(told.promise), ["idle_timeout", undefined]);
  await soon(client.closed);
  await server.close({ immediate: true });
});

Deno.test("a client does not reconnect where a certificate does not verify", async () => {
  const file = (name: string) => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;
  await using server = await listen("text+tls://127.0.0.1:0", {
    tls: { cert: file("one.crt"), key: file("one.key") },
    onMessage: echo,
  });
  const told: unknown[] = [];
  const onFailure = (error: Error, next: unknown) => told.push(code(error), next);
  const error = await assertRejects(() => soon(connect(server.addresses[0], { reconnect: { onFailure } })));
  assertEquals(code(error), "connect_failed");
  assertEquals(told, ["connect_failed", { attempt: 1, delayMs: undefined }]);
});

Deno.test("a signal ends a client that waits for its next attempt, and one that has not begun", async () => {
  const server = await listen("text://127.0.0.1:0", { onMessage: echo });
  const address = server.addresses[0];
  await server.close({ immediate: true });
  const abort = new AbortController();
  const waiting = connect(address, {
    signal: abort.signal,
    reconnect: { delay: "1h", maxDelay: "1h", onFailure: () => abort.abort() },
  });
  assertEquals(code(await assertRejects(() => soon(waiting))), "connect_aborted");
  const late = connect(address, { signal: AbortSignal.abort(), reconnect: true });
  assertEquals(code(await assertRejects(() => soon(late))), "connect_aborted");
});

Deno.test("pipe relays messages with backpressure and half-closes at the end", async () => {
  await using target = await listen("text://127.0.0.1:0", {
    onMessage: echo,
    limits: { maxFrameBytes: "4MiB" },
  });
  await using relay = await listen("text://127.0.0.1:0", {
    limits: { maxSendBytes: "64KiB" },
    async onConnect(connection: Connection<string>) {
      const upstream = await connect<string>(target.addresses[0], {
        onConnect: (other) => other.pipe(connection),
        onMessage: () => {},
        limits: { maxSendBytes: "64KiB" },
      });
      connection.pipe(upstream.connection);
    },
  });
  using wire = await Wire.open(relay.port);
  const line = "z".repeat(999) + "\n";
  const writing = wire.write(line.repeat(5000)).then(() => wire.conn.closeWrite());
  await new Promise((resolve) => setTimeout(resolve, 100));
  const all = await wire.rest();
  await soon(writing);
  assertEquals(all.length, 5_000_000);
  assertEquals(all, line.repeat(5000));
  await until(() => relay.stats.open === 0 && target.stats.open === 0);
});
