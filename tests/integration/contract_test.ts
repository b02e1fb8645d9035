/**
 * The points of the contract (`docs/contract.md`) that a connection holds, over real sockets, each test by its point's
 * number.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type AnyProtocol,
  connect,
  type Connection,
  listen,
  type Peer,
  type Protocol,
  type ServiceContext,
  skip,
  text,
  type TlsSpec,
} from "@protohost/protohost";
import { resetAfter } from "../support/reset.ts";
import { soon, until, Wire } from "../support/wire.ts";

/** Lines; what the tests change, they override. */
const lines: Protocol<string> = {
  name: "lines",
  input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
  decode: (frame) => text(frame.subarray(0, -1)),
  encode: (message) => message + "\n",
};

function upper(connection: Connection<string>, message: string): void {
  connection.send(message.toUpperCase());
}

function code(error: Error | undefined): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

Deno.test("point 1: input gets every byte not yet consumed, and how many it has seen", async () => {
  const asked: [string, number][] = [];
  const protocol: Protocol<string> = {
    ...lines,
    input(buffer, _connection, from) {
      asked.push([text(buffer), from]);
      return buffer.indexOf(10, from) + 1;
    },
  };
  await using server = await listen("tcp://127.0.0.1:0", { protocol, onMessage: upper });
  using wire = await Wire.open(server.port);
  await wire.write("he");
  await until(() => asked.length === 1);
  await wire.write("llo");
  await until(() => asked.length === 2);
  await wire.write("\nwo");
  assertEquals(await wire.line(), "HELLO");
  await until(() => asked.length === 4);
  assertEquals(asked, [["he", 0], ["hello", 2], ["hello\nwo", 5], ["wo", 0]]);
});

Deno.test("point 2: input is not asked again until the frame that it announced is there", async () => {
  let asked = 0;
  const protocol: Protocol<string> = {
    ...lines,
    input: (buffer) => (asked++, buffer[0] - 48),
    decode: (frame) => text(frame),
  };
  await using server = await listen("tcp://127.0.0.1:0", { protocol, onMessage: upper });
  using wire = await Wire.open(server.port);
  for (const byte of "5abc") {
    await wire.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await wire.write("d");
  assertEquals(await wire.line(), "5ABCD");
  assertEquals(asked, 1);
});

for (
  const [what, answer, wanted] of [
    ["negative", () => -1, "bad_frame"],
    ["NaN", () => NaN, "bad_frame"],
    ["a fraction", () => 1.5, "bad_frame"],
    ["above maxFrameBytes", () => 1025, "frame_too_large"],
    ["a throw", () => {
      throw new Error("no");
    }, "bad_frame"],
  ] as [string, () => number, string][]
) {
  Deno.test(`point 3: ${what} is a bad frame; earlier ones are answered, others do not notice`, async () => {
    const errors: unknown[] = [];
    const protocol: Protocol<string> = {
      ...lines,
      input: (buffer, _connection, from) => buffer[0] === 33 ? answer() : buffer.indexOf(10, from) + 1,
    };
    await using server = await listen("tcp://127.0.0.1:0", {
      protocol,
      limits: { maxFrameBytes: 1024 },
      onMessage: upper,
      onError: (_, error) => void errors.push(code(error)),
    });
    using bad = await Wire.open(server.port);
    using good = await Wire.open(server.port);
    await good.write("one\n");
    assertEquals(await good.line(), "ONE");
    await bad.write("a\nb\n!\n");
    assertEquals(await bad.rest(), "A\nB\n");
    assertEquals(errors, [wanted]);
    assertEquals(server.stats.errors, { [wanted]: 1 });
    await good.write("two\n");
    assertEquals(await good.line(), "TWO");
  });
}

Deno.test("point 4: a buffer without an end of a frame is capped at maxFrameBytes", async () => {
  const errors: unknown[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { maxFrameBytes: 1000 },
    onMessage: upper,
    onError: (_, error) => void errors.push(code(error)),
  });
  using longest = await Wire.open(server.port);
  await longest.write("x".repeat(999) + "\n");
  assertEquals((await longest.line()).length, 999);
  using tooLong = await Wire.open(server.port);
  await tooLong.write("x".repeat(1000));
  assertEquals(await tooLong.rest(), "");
  assertEquals(errors, ["frame_too_large"]);
});

Deno.test("point 5: input, decode, upgrade, handler, next input; the replies of one read leave in one write", async () => {
  const order: string[] = [];
  const protocol: Protocol<string> = {
    ...lines,
    input(buffer, _connection, from) {
      order.push("input");
      return buffer.indexOf(10, from) + 1;
    },
    decode(frame) {
      order.push("decode");
      return text(frame.subarray(0, -1));
    },
    upgrade(_message, direction) {
      order.push(`upgrade ${direction}`);
      return undefined;
    },
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol,
    onMessage(connection, message) {
      order.push("handler");
      upper(connection, message);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\nc\n");
  const room = new Uint8Array(100);
  const count = await wire.conn.read(room);
  assertEquals(text(room.subarray(0, count!)), "A\nB\nC\n");
  const each = ["input", "decode", "upgrade in", "handler", "upgrade out"];
  assertEquals(order, [...each, ...each, ...each]);
});

Deno.test("point 5: a promise holds back the next message, and what was said so far leaves first", async () => {
  const release: (() => void)[] = [];
  const seen: string[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    async onMessage(connection, message) {
      seen.push(message);
      connection.send(`begin ${message}`);
      await new Promise<void>((resolve) => release.push(resolve));
      connection.send(`end ${message}`);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\n");
  assertEquals(await wire.line(), "begin a");
  assertEquals(seen, ["a"]);
  release.shift()!();
  assertEquals(await wire.line(), "end a");
  assertEquals(await wire.line(), "begin b");
  release.shift()!();
  assertEquals(await wire.line(), "end b");
});

Deno.test("point 5: the peer's going is noticed while a promise is pending", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    async onMessage(connection) {
      connection.signal.addEventListener("abort", () => resolve());
      connection.send("begun");
      await gone;
    },
  });
  await resetAfter(server.port, "a\n", () => until(() => server.stats.bytesOut > 0));
  await soon(gone, "the abort");
  assertEquals(server.stats.open, 0);
  assertEquals(server.stats.errors, { connection_reset: 1 });
});

for (const place of ["decode", "handler", "promise"]) {
  Deno.test(`point 6: a throw in the ${place} ends that connection alone`, async () => {
    const errors: string[] = [];
    const protocol: Protocol<string> = {
      ...lines,
      decode(frame) {
        if (place === "decode" && frame[0] === 33) throw new Error("boom");
        return text(frame.subarray(0, -1));
      },
    };
    await using server = await listen("tcp://127.0.0.1:0", {
      protocol,
      onMessage(connection, message) {
        if (message === "!" && place === "handler") throw new Error("boom");
        if (message === "!" && place === "promise") return Promise.reject(new Error("boom"));
        upper(connection, message);
      },
      onError: (_, error) => void errors.push(error.message),
    });
    using bad = await Wire.open(server.port);
    using good = await Wire.open(server.port);
    await bad.write("a\n!\nb\n");
    assertEquals(await bad.rest(), "A\n");
    assertEquals(errors.length, 1);
    assertStringIncludes(errors[0], "boom");
    assertEquals(server.stats.errors, { [place === "decode" ? "bad_message" : "handler_error"]: 1 });
    await good.write("two\n");
    assertEquals(await good.line(), "TWO");
  });
}

Deno.test("point 7: encode answers bytes or a string, empty sends nothing, raw skips it", async () => {
  const protocol: Protocol<string> = {
    ...lines,
    encode: (message) =>
      message === "" ? "" : message === "é" ? new TextEncoder().encode("é!\n") : message + "\n",
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol,
    async onMessage(connection) {
      assertEquals(connection.send("ü"), "queued");
      assertEquals(connection.send(""), "queued");
      assertEquals(connection.send("é"), "queued");
      assertEquals(connection.send("raw", { raw: true }), "queued");
      assertEquals(connection.send(new Uint8Array([33, 10]), { raw: true }), "queued");
      assertGreater(connection.queuedBytes, 0);
      await connection.flushed();
      assertEquals(connection.queuedBytes, 0);
      connection.send("flushed");
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  assertEquals(await wire.line(), "ü");
  assertEquals(await wire.line(), "é!");
  assertEquals(await wire.line(), "raw!");
  assertEquals(await wire.line(), "flushed");
});

Deno.test("point 7: what is neither bytes nor a string is refused, from encode and sent raw", async () => {
  const wrong = [3, null, ["a", "b"], { length: 1 }, new ArrayBuffer(2), Promise.resolve("late")];
  for (const answer of wrong) {
    for (const raw of [false, true]) {
      const errors: string[] = [];
      await using server = await listen("tcp://127.0.0.1:0", {
        protocol: { ...lines, encode: () => answer as string },
        onMessage: (connection) => void connection.send(answer as string, { raw } as { raw: true }),
        onError: (_, error) => void errors.push(error.message),
      });
      using wire = await Wire.open(server.port);
      await wire.write("a\n");
      assertEquals(await wire.rest(), "");
      assertEquals(errors.length, 1);
      assertMatch(errors[0], /^Cannot send (a|an|null)\b.*: wanted bytes or a string, from encode/);
    }
  }
});

Deno.test("point 7: a send above maxSendBytes is refused with an error, after one overshoot", async () => {
  const results: string[] = [];
  const errors: unknown[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { maxSendBytes: "1KiB" },
    onMessage(connection) {
      results.push(connection.send("x".repeat(1000)));
      results.push(connection.send("y".repeat(5000)));
      results.push(connection.send("z"));
      resolve();
    },
    onError: (_, error) => void errors.push(code(error)),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  await soon(done);
  assertEquals(results, ["queued", "queued", "refused"]);
  assertEquals(errors, ["send_refused"]);
  assertEquals((await wire.line()).length, 1000);
  assertEquals((await wire.line()).length, 5000);
  await wire.write("b\n");
  assertEquals((await wire.line()).length, 1000);
});

Deno.test("point 8: pause stops before the next frame, resume delivers without waiting for bytes", async () => {
  let held: Connection<string> | undefined;
  const seen: string[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage(connection, message) {
      seen.push(message);
      upper(connection, message);
      if (message !== "b") return;
      connection.pause();
      held = connection;
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\nc\nd\n");
  assertEquals(await wire.text(4), "A\nB\n");
  assertEquals(seen, ["a", "b"]);
  held!.resume();
  assertEquals(await wire.text(4), "C\nD\n");
});

Deno.test("point 8: a paused connection buffers no more than maxFrameBytes and loses nothing", async () => {
  let held: Connection<string> | undefined;
  let count = 0;
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { maxFrameBytes: "64KiB" },
    onMessage(connection) {
      if (count++ > 0) return;
      connection.pause();
      held = connection;
    },
  });
  using wire = await Wire.open(server.port);
  const line = "x".repeat(99) + "\n";
  const total = 200_000;
  const writing = wire.write(line.repeat(total));
  await until(() => (held?.bytesRead ?? 0) >= 65_536);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertLess(held!.bytesRead, 65_536 * 2 + 1);
  held!.resume();
  await soon(writing);
  await until(() => count === total, "every line");
});

Deno.test("point 9: close sends what is queued and the last message before the end, and drops later frames", async () => {
  const seen: string[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage(connection, message) {
      seen.push(message);
      connection.send("x".repeat(3_000_000));
      connection.close("bye");
      assertEquals(connection.send("late"), "refused");
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\n");
  const all = await wire.rest();
  assertEquals(all.length, 3_000_000 + 1 + 4);
  assertEquals(all.slice(-5), "\nbye\n");
  assertEquals(seen, ["a"]);
});

Deno.test("point 9: a peer that goes on sending gets its reply and no reset", async () => {
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage: (connection) => connection.close("bye"),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n" + "more\n".repeat(100_000));
  assertEquals(await wire.rest(), "bye\n");
});

Deno.test("point 9: lingering ends after lingerTimeout although the peer stays", async () => {
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { lingerTimeout: "100ms" },
    onMessage: (connection) => connection.close("bye"),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  assertEquals(await wire.rest(), "bye\n");
  await until(() => server.stats.open + server.stats.lingering === 0, "the end of lingering");
});

Deno.test("point 9: a handler is told of the close at once, and the socket that lingers is counted apart", async () => {
  const told: unknown[] = [];
  let context: ServiceContext | undefined;
  await using server = await listen("text://127.0.0.1:0", {
    limits: { lingerTimeout: "1h" },
    onStart: (given) => void (context = given),
    onMessage(connection, line) {
      if (line === "who") connection.send(`${context!.connections.size}`);
      else connection.close("kicked");
    },
    onClose(connection) {
      told.push(connection.id, connection.signal.aborted, connection.error, context!.connections.size);
    },
  });
  using staying = await Wire.open(server.port);
  using other = await Wire.open(server.port);
  await staying.write("a\n");
  assertEquals(await staying.rest(), "kicked\n");
  await until(() => told.length > 0, "onClose");
  assertEquals(told, ["1", true, undefined, 2]);
  await other.write("who\n");
  assertEquals(await other.line(), "1");
  const { open, lingering, closed } = server.stats;
  assertEquals([open, lingering, closed, server.connections().length], [1, 1, 1, 1]);
  staying.conn.close();
  await until(() => server.stats.lingering === 0, "the end of lingering");
  assertEquals(told.length, 4);
});

Deno.test("point 9: sockets that linger take part in maxConnections", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    limits: { maxConnections: 1, lingerTimeout: "1h" },
    onMessage: (connection, line: string) => connection.close(line),
  });
  using staying = await Wire.open(server.port);
  await staying.write("a\n");
  assertEquals(await staying.rest(), "a\n");
  using next = await Wire.open(server.port);
  await next.write("b\n");
  const answered = next.rest();
  await until(() => server.stats.lingering === 1);
  assertEquals(server.stats.accepted, 1);
  staying.conn.close();
  assertEquals(await answered, "b\n");
});

Deno.test("point 9: close is legal inside input", async () => {
  const seen: string[] = [];
  const protocol: Protocol<string> = {
    ...lines,
    input(buffer, connection, from) {
      if (buffer[0] === 33) connection.close("no\n", { raw: true });
      return buffer.indexOf(10, from) + 1;
    },
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol,
    onMessage: (connection, message) => (seen.push(message), upper(connection, message)),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n!\n");
  assertEquals(await wire.rest(), "A\nno\n");
  assertEquals(seen, ["a"]);
});

Deno.test("point 9: destroy drops the queue and goes at once", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>();
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage(connection) {
      connection.send("never");
      connection.destroy(new Error("enough"));
    },
    onClose: (connection) => resolve(connection.error),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  assertEquals((await soon(closed))?.message, "enough");
  assertEquals(await wire.rest().catch(() => ""), "");
});

Deno.test("point 10: the peer's half-close is answered in full before the connection closes", async () => {
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    async onMessage(connection, message) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      upper(connection, message);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\nc\n");
  await wire.conn.closeWrite();
  assertEquals(await wire.rest(), "A\nB\nC\n");
});

Deno.test("point 10: with allowHalfOpen the connection stays until the handler ends it", async () => {
  let held: Connection<string> | undefined;
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    allowHalfOpen: true,
    onMessage: upper,
    onEnd: (connection) => void (held = connection),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  await wire.conn.closeWrite();
  assertEquals(await wire.line(), "A");
  await until(() => held !== undefined);
  held!.send("still here");
  assertEquals(await wire.line(), "still here");
  held!.end();
  assertEquals(await wire.rest(), "");
  await until(() => server.stats.open === 0);
});

Deno.test("point 10: end() ends writing and goes on receiving", async () => {
  const seen: string[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage(connection, message) {
      seen.push(message);
      if (message !== "a") return;
      connection.send("last");
      connection.end();
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  assertEquals(await wire.rest(), "last\n");
  await wire.write("b\n");
  await until(() => seen.length === 2);
  await wire.conn.closeWrite();
  await until(() => server.stats.open === 0);
  assertEquals(seen, ["a", "b"]);
});

Deno.test("point 10: a partial frame goes to end(rest), else it is counted and dropped", async () => {
  const ends: Protocol<string>["end"][] = [(rest) => text(rest) + "?", () => skip, undefined];
  for (const end of ends) {
    const protocol: Protocol<string> = end === undefined ? lines : { ...lines, end };
    await using server = await listen("tcp://127.0.0.1:0", { protocol, onMessage: upper });
    using wire = await Wire.open(server.port);
    await wire.write("a\nhal");
    await wire.conn.closeWrite();
    assertEquals(await wire.rest(), end?.length === 1 ? "A\nHAL?\n" : "A\n");
    assertEquals(server.stats.errors, end === undefined ? { partial_frame: 1 } : {});
  }
});

Deno.test("point 11: onBufferFull and onBufferDrain fire once each, and reading pauses between", async () => {
  const events: string[] = [];
  const { promise: full, resolve } = Promise.withResolvers<void>();
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { maxSendBytes: "64KiB" },
    onMessage(connection, message) {
      events.push(message);
      connection.send("x".repeat(20_000_000));
    },
    onBufferFull(connection) {
      events.push("full");
      assertGreater(connection.queuedBytes, 65_535);
      resolve();
    },
    onBufferDrain(connection) {
      events.push("drain");
      assertLess(connection.queuedBytes, 32_768);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\n");
  await soon(full);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(events, ["a", "full"]);
  for (let left = 40_000_002; left > 0;) left -= (await wire.conn.read(new Uint8Array(1_000_000)))!;
  await until(() => events.length === 6);
  assertEquals(events, ["a", "full", "drain", "b", "full", "drain"]);
});

Deno.test("point 11: a reader that never reads falls to sendTimeout", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<unknown>();
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    limits: { sendTimeout: "200ms" },
    onMessage: (connection) => void connection.send("x".repeat(50_000_000)),
    onClose: (connection) => resolve(code(connection.error)),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  assertEquals(await soon(closed), "send_timeout");
});

Deno.test("point 12: a datagram is one buffer, an address one connection, and nothing carries over", async () => {
  const errors: unknown[] = [];
  const ids = new Set<string>();
  await using server = await listen("lines+udp://127.0.0.1:0", {
    protocol: lines,
    limits: { idleTimeout: "300ms" },
    onMessage(connection, message) {
      ids.add(connection.id);
      upper(connection, message);
    },
    onError: (_, error) => void errors.push(code(error)),
  });
  const address = `lines+udp://127.0.0.1:${server.port}`;
  await using one = await connect<string>(address, { protocol: lines });
  await using two = await connect<string>(address, { protocol: lines });
  assertEquals(await soon(one.pingPong("first")), "FIRST");
  assertEquals(await soon(two.pingPong("second")), "SECOND");
  one.connection.send("half", { raw: true });
  assertEquals(await soon(one.pingPong("whole")), "WHOLE");
  one.connection.send("a\nb\nrest", { raw: true });
  assertEquals([await soon(one.pong()), await soon(one.pong())], ["A", "B"]);
  assertEquals(ids.size, 2);
  await until(() => errors.length >= 2);
  assertEquals(errors.slice(0, 2), ["bad_frame", "bad_frame"]);
  await until(() => server.stats.open === 0, "idle addresses to be forgotten");
});

Deno.test("point 13: a body longer than a frame comes in parts, each under the limit", async () => {
  type Part = { head: number } | { part: "body"; bytes: Uint8Array; last: boolean };
  const parts: Protocol<Part, string, { left: number }> = {
    name: "parts",
    session: () => ({ left: 0 }),
    input: (buffer, { session }, from) =>
      session.left > 0 ? Math.min(session.left, buffer.length) : buffer.indexOf(10, from) + 1,
    decode(frame, { session }) {
      if (session.left === 0) return { head: session.left = Number(text(frame)) };
      session.left -= frame.length;
      return { part: "body", bytes: frame.slice(), last: session.left === 0 };
    },
    encode: () => "",
    reply: { input: () => 0, decode: () => "", encode: (message) => message + "\n" },
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: parts,
    limits: { maxFrameBytes: "16KiB" },
    onMessage(connection: Connection<string, unknown, number>, message: Part) {
      if ("head" in message) connection.state = 0;
      else {
        connection.state += message.bytes.length;
        if (message.last) connection.send(`got ${connection.state}`);
      }
    },
  });
  using wire = await Wire.open(server.port);
  for (let round = 0; round < 2; round++) {
    await wire.write("3000000\n");
    await wire.write(new Uint8Array(3_000_000));
    assertEquals(await wire.line(), "got 3000000");
  }
});

Deno.test("point 14: an upgrade in or out swaps the protocol, buffered bytes included", async () => {
  const counted: Protocol<string, string, { count: number }> = {
    name: "counted",
    session: () => ({ count: 0 }),
    input: (buffer, _connection, from) => buffer.indexOf(59, from) + 1,
    decode: (frame, { session }) => `${++session.count} ${text(frame.subarray(0, -1))}`,
    encode: (message) => message + ";",
  };
  const upgrading: AnyProtocol = {
    ...lines,
    upgrade: (message: string, direction: string) =>
      message === "swap" && direction === "in"
        ? counted
        : message === "RAW" && direction === "out"
        ? "raw"
        : undefined,
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: upgrading,
    onMessage: (connection, message) =>
      void connection.send(typeof message === "string" ? message.toUpperCase() : message),
  });
  using swapped = await Wire.open(server.port);
  await swapped.write("a\nswap\nb;c;");
  assertEquals(await swapped.text(15), "A\nSWAP;1 B;2 C;");
  using raw = await Wire.open(server.port);
  await raw.write("raw\nabc");
  assertEquals(await raw.text(7), "RAW\nabc");
  await raw.write("d");
  assertEquals(await raw.text(1), "d");
});

const starttls: AnyProtocol = {
  ...lines,
  upgrade: (message: string) => message === "GO AHEAD" ? "tls" : undefined,
};

const certificates = new URL("../fixtures/tls/", import.meta.url).pathname;
const tls: TlsSpec = {
  certificates: [{ cert: `${certificates}one.crt`, key: `${certificates}one.key` }],
  clientCertificate: "none",
};

for (const style of ["synchronous", "asynchronous"]) {
  Deno.test(`point 14: STARTTLS swaps the transport, ${style} handler`, async () => {
    await using server = await listen("tcp://127.0.0.1:0", {
      protocol: starttls,
      tls,
      onMessage(connection, message): void | Promise<void> {
        const answer = () =>
          void connection.send(message === "starttls" ? "GO AHEAD" : `${connection.transport} ${message}`);
        return style === "synchronous"
          ? answer()
          : new Promise<void>((done) => setTimeout(done, 10)).then(answer);
      },
    });
    await using client = await connect<string>(`tcp://localhost:${server.port}`, {
      protocol: starttls,
      tls: { caCerts: [await Deno.readTextFile(`${certificates}one.crt`)] },
    });
    assertEquals(await soon(client.pingPong("hello")), "tcp hello");
    assertEquals(await soon(client.pingPong("starttls")), "GO AHEAD");
    assertEquals(await soon(client.pingPong("x".repeat(100_000))), "tls " + "x".repeat(100_000));
    assertEquals(client.connection.transport, "tls");
  });
}

Deno.test("point 14: plaintext behind a request for TLS closes the connection", async () => {
  const errors: unknown[] = [];
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: starttls,
    tls,
    onMessage: (connection, message) => void connection.send(message === "starttls" ? "GO AHEAD" : message),
    onError: (_, error) => void errors.push(code(error)),
  });
  using wire = await Wire.open(server.port);
  await wire.write("starttls\ninjected\n");
  assertEquals((await wire.rest()).includes("injected"), false);
  assertEquals(errors, ["plaintext_after_starttls"]);
});

Deno.test("point 15: a frame is a view and valid during the call only", async () => {
  const kept: Uint8Array[] = [];
  const protocol: Protocol<Uint8Array> = {
    name: "views",
    input: () => 4,
    decode: (frame) => frame,
    encode: (message) => message,
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol,
    onMessage(connection: Connection<Uint8Array>, message: Uint8Array) {
      kept.push(message);
      connection.send(message);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("aaaa");
  assertEquals(await wire.text(4), "aaaa");
  await wire.write("bbbb");
  assertEquals(await wire.text(4), "bbbb");
  assertEquals(kept.map(text), ["bbbb", "bbbb"]);
});

Deno.test("the codec sees its session, its side and its peer", async () => {
  let seen: Peer<{ n: number }> | undefined;
  const protocol: Protocol<string, string, { n: number }> = {
    ...lines as Protocol<string, string, { n: number }>,
    session: () => ({ n: 0 }),
    decode(frame, connection) {
      seen = connection;
      return `${++connection.session.n} ${text(frame.subarray(0, -1))}`;
    },
  };
  await using server = await listen("tcp://127.0.0.1:0", { protocol, onMessage: upper });
  using one = await Wire.open(server.port);
  using two = await Wire.open(server.port);
  await one.write("a\nb\n");
  assertEquals([await one.line(), await one.line()], ["1 A", "2 B"]);
  await two.write("c\n");
  assertEquals(await two.line(), "1 C");
  assertEquals([seen?.side, seen?.transport], ["server", "tcp"]);
  assertEquals((seen?.remoteAddr as Deno.NetAddr).port, (two.conn.localAddr as Deno.NetAddr).port);
});

Deno.test("a client speaks the mirror image: sends by the protocol, receives by its reply", async () => {
  const protocol: Protocol<number, string> = {
    name: "ask",
    input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
    decode: (frame) => Number(text(frame)),
    encode: (message) => `${message}\n`,
    reply: {
      input: (buffer, _connection, from) => buffer.indexOf(59, from) + 1,
      decode: (frame) => text(frame.subarray(0, -1)),
      encode: (message) => message + ";",
    },
  };
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol,
    onMessage: (connection, message: number) => void connection.send(`twice is ${message * 2}`),
  });
  await using client = await connect<number, string>(`tcp://127.0.0.1:${server.port}`, { protocol });
  assertEquals(await soon(client.pingPong(21)), "twice is 42");
});

Deno.test("flushed rejects when the connection closes first", async () => {
  let flushing: Promise<void> | undefined;
  await using server = await listen("tcp://127.0.0.1:0", {
    protocol: lines,
    onMessage(connection) {
      connection.send("x".repeat(50_000_000));
      flushing = connection.flushed();
      flushing.catch(() => {});
      setTimeout(() => connection.destroy(), 20);
    },
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\n");
  await until(() => flushing !== undefined);
  await assertRejects(() => soon(flushing!), Error, "closed");
  assert(true);
});
