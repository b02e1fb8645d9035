/**
 * What handlers may be written as without annotations and casts. That this file compiles is half of each test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  connect,
  type Connection,
  ConnectionError,
  defineService,
  listen,
  type ServiceContext,
} from "@protohost/protohost";
import { array, bulk, error, type Reply } from "@protohost/protohost/protocols/resp";

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("a callback is an arrow function that returns what send answers when nobody annotates it", async () => {
  await using server = await listen("text://127.0.0.1:0", { onMessage: (c, m) => c.send(m) });
  await using client = await connect<string>(`text://127.0.0.1:${server.port}`);
  assertEquals(await client.pingPong("one"), "one");
  assertEquals(await client.pingPong("two"), "two");
  assertEquals(server.stats.errors, {});
});

Deno.test("a service of scripts goes on when its onConnect returns what send answers", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    onConnect: (connection) => connection.send("welcome"),
    async transmission(socket) {
      for await (const message of socket) socket.ping(message);
    },
  });
  await using client = await connect<string>(`text://127.0.0.1:${server.port}`);
  assertEquals([await client.pong(), await client.pingPong("one")], ["welcome", "one"]);
});

Deno.test("context.options has the type that a service annotates, and is unknown without", () => {
  const annotated = defineService<string>((context: ServiceContext<{ greeting: string }>) => ({
    onMessage: (connection, name) => connection.send(context.options.greeting + name),
  }));
  const plain = defineService((context) => {
    const isUnknown: Equals<typeof context.options, unknown> = true;
    return { onMessage: (connection) => connection.send(isUnknown) };
  });
  assertEquals([typeof annotated, typeof plain], ["function", "function"]);
});

Deno.test("context.connections are of the type of the service's messages", () => {
  const service = defineService<string, number>((context) => ({
    onMessage(_connection, message) {
      for (const one of context.connections) one.send(message.length);
      // deno-lint-ignore no-explicit-any
      const isTyped: Equals<typeof context.connections, ReadonlySet<Connection<number, unknown, any>>> = true;
      return isTyped;
    },
  }));
  assertEquals(typeof service, "function");
});

Deno.test("error.code is there wherever an error is given", async () => {
  const codes: unknown[] = [];
  const closed = Promise.withResolvers<void>();
  await using server = await listen("text://127.0.0.1:0", {
    onMessage: () => Promise.reject(Object.assign(new Error("no"), { code: "own_code" })),
    onError: (_connection, error) => codes.push(error.code),
    onClose(connection) {
      codes.push(connection.error?.code);
      closed.resolve();
    },
  });
  await using client = await connect<string>(`text://127.0.0.1:${server.port}`);
  client.ping("one");
  await closed.promise;
  assertEquals(codes, ["own_code", "own_code"]);
  defineService({
    exception(error) {
      if (error.code === "end_of_stream") throw new ConnectionError("connection_closed", "gone");
    },
  });
});

/** A reply in words, by its type alone. */
function words(reply: Reply): string {
  switch (reply.type) {
    case "simple":
    case "error":
      return `${reply.type} ${reply.value}`;
    case "array":
      return `array of ${reply.value?.length}`;
    case undefined:
      return `part ${reply.part}`;
    default:
      return reply.type;
  }
}

Deno.test("a reply of RESP is narrowed by its type", () => {
  const last: Reply = { part: "body", bytes: new Uint8Array(), last: true, complete: true };
  assertEquals([error("ERR no"), array([bulk("a")]), bulk(null), last].map(words), [
    "error ERR no",
    "array of 1",
    "bulk",
    "part body",
  ]);
});
