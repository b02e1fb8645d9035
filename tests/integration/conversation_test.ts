/**
 * The scripted style: `transmission` with `ping`, `pingPong`, `pong` and `exception`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { connect, type Conversation, listen } from "@protohost/protohost";
import { soon, until, Wire } from "../support/wire.ts";

type Lines = Conversation<string>;

Deno.test("transmission greets, asks, and reads to the end, as SMProtocol's example does", async () => {
  const heard: string[] = [];
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Lines) {
      socket.ping("HELO");
      heard.push(await socket.pingPong("SAVA"));
      let message;
      while ((message = await socket.pong()) !== null) heard.push(message);
      socket.ping("BYE");
    },
  });
  using wire = await Wire.open(server.port);
  assertEquals([await wire.line(), await wire.line()], ["HELO", "SAVA"]);
  await wire.write("fine\none\ntwo\n");
  await wire.conn.closeWrite();
  assertEquals(await wire.rest(), "BYE\n");
  assertEquals(heard, ["fine", "one", "two"]);
  await until(() => server.stats.open === 0);
});

Deno.test("transmission iterates, and messages that nobody asks for yet wait in order", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Lines) {
      for await (const line of socket) {
        await new Promise((resolve) => setTimeout(resolve));
        socket.ping(line.toUpperCase());
      }
    },
  });
  using wire = await Wire.open(server.port);
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
  await wire.write(lines.join("\n") + "\n");
  await wire.conn.closeWrite();
  assertEquals(await wire.rest(), lines.join("\n").toUpperCase() + "\n");
});

Deno.test("the end of transmission closes the connection", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    transmission: (socket: Lines) => void socket.ping("x"),
  });
  using wire = await Wire.open(server.port);
  assertEquals(await wire.rest(), "x\n");
});

Deno.test("exception hears what transmission throws and may still answer", async () => {
  const errors: unknown[] = [];
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Lines) {
      if (await socket.pong() === "throw") throw new Error("boom");
      await socket.pingPong("and?");
    },
    exception(error, socket) {
      errors.push((error as { code?: string }).code ?? error.message);
      socket.ping(`sorry: ${error.message}`);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("throw\n");
  assertEquals(await wire.rest(), "sorry: boom\n");
  using leaving = await Wire.open(server.port);
  await leaving.write("stay\n");
  await leaving.conn.closeWrite();
  assertEquals((await leaving.rest()).startsWith("and?\nsorry: Cannot receive an answer"), true);
  assertEquals(errors, ["boom", "end_of_stream"]);
});

Deno.test("what waits for a message hears which error has ended the connection, and is bounded by no handlerTimeout", async () => {
  const waits: Record<string, (socket: Lines) => Promise<unknown>> = {
    pong: (socket) => socket.pong(),
    pingPong: (socket) => socket.pingPong("?"),
    iteration: (socket) => Array.fromAsync(socket),
  };
  const limits = { handlerTimeout: 10, lingerTimeout: 0 };
  const ends = {
    idle_timeout: { ...limits, idleTimeout: 100 },
    first_frame_timeout: { ...limits, firstFrameTimeout: 100 },
    frame_too_large: { ...limits, maxFrameBytes: 4 },
  };
  for (const [name, wait] of Object.entries(waits)) {
    for (const [code, limits] of Object.entries(ends)) {
      const heard = Promise.withResolvers<unknown>();
      await using server = await listen("text://127.0.0.1:0", {
        limits,
        transmission: async (socket: Lines) => void await wait(socket),
        exception: (error, { connection }) => heard.resolve([error === connection.error, error]),
      });
      using wire = await Wire.open(server.port);
      if (code === "frame_too_large") await wire.write("too long\n");
      const [isOwn, error] = await soon(heard.promise) as [boolean, { code: string }];
      assertEquals([isOwn, error.code], [true, code], name);
      await until(() => server.stats.open === 0);
      assertEquals(server.stats.errors, { [code]: 1 });
    }
  }
});

Deno.test("a peer's end is none of the connection's errors, whatever comes after it", async () => {
  const heard: unknown[] = [];
  await using server = await listen("text://127.0.0.1:0", {
    limits: { idleTimeout: 100, lingerTimeout: 0 },
    async transmission(socket: Lines) {
      heard.push(await socket.pong(), await socket.pong());
      await new Promise((resolve) => socket.connection.signal.addEventListener("abort", resolve));
      heard.push(await socket.pong());
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("x\n");
  await wire.conn.closeWrite();
  await until(() => heard.length === 3);
  assertEquals(heard, ["x", null, null]);
  assertEquals(server.stats.errors, { idle_timeout: 1 });
});

Deno.test("without exception an error is counted and closes the connection alone", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Lines) {
      if (await socket.pong() === "throw") throw new Error("boom");
      socket.ping("fine");
    },
  });
  using bad = await Wire.open(server.port);
  using good = await Wire.open(server.port);
  await bad.write("throw\n");
  assertEquals(await bad.rest(), "");
  assertEquals(server.stats.errors, { handler_error: 1 });
  await good.write("x\n");
  assertEquals(await good.rest(), "fine\n");
});

Deno.test("a JSON null is a message and not the end of the stream", async () => {
  await using server = await listen("jsonnl://127.0.0.1:0", {
    async transmission(socket: Conversation<unknown>) {
      const all = await Array.fromAsync(socket);
      socket.ping({ all });
    },
  });
  await using client = await connect(server.addresses[0]);
  for (const value of [1, null, "x"]) client.send(value);
  client.connection.end();
  assertEquals(await soon(client.pong()), { all: [1, null, "x"] });
});
